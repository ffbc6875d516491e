// What somebody typed outlives news, a session that ended, another account that signed in and a choice of language: it is
// put back where it stood, in this window alone, until it was sent. A password is no such field.
const main = () => document.getElementById("main");
const FORM = "form:has(> [name=csrf])";
const FIELDS = `${FORM} :is(textarea, select, input:not([type=hidden]))[id]`;
const typed = (one) => one.matches(`${FORM} :is(textarea, input[type=text])`);
const draft = (one) => `draft ${location.pathname} ${one.id}`;
const SENT = `sent ${location.pathname}`;

document.addEventListener("input", ({ target }) => {
  if (typed(target)) sessionStorage.setItem(draft(target), target.value);
});
document.addEventListener("submit", () => sessionStorage.setItem(SENT, "1"));

function restore() {
  const done = document.querySelector("#came:is(.fine, .waits)") && sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  for (const one of main().querySelectorAll(FIELDS)) {
    if (!typed(one)) continue;
    if (done) sessionStorage.removeItem(draft(one));
    const kept = sessionStorage.getItem(draft(one));
    if (kept && !one.value) { one.value = kept; one.closest("details")?.setAttribute("open", ""); }
  }
}

// The main part is about to be replaced by a new one: what was chosen and typed goes there.
document.addEventListener("facilityd:replace", ({ detail }) => {
  for (const old of main().querySelectorAll(FIELDS)) {
    const one = detail.querySelector(`#${CSS.escape(old.id)}`);
    if (!one) continue;
    if (old.type === "file") one.replaceWith(old);
    else if (old.type === "checkbox") one.checked = old.checked;
    else if (old.value) one.value = old.value;
  }
});
addEventListener("pageshow", restore);
