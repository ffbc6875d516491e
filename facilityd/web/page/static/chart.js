// Moves and zooms a chart: what is there is shifted at once, what belongs there is drawn by the server.
const SHORTEST = 60e3; // ms: the server draws no less
const OLDEST = Date.UTC(2000, 0, 1);
const CLOCK = "facilityd clock"; // how far the server's clock is ahead of this one, as live.js heard it
const ready = () => {
  for (const figure of document.querySelectorAll("[data-zoom]:not([data-ready])")) {
    figure.dataset.ready = "";
    arm(figure);
  }
};

function follow(id) {
  const link = document.getElementById(id);
  if (link) go(link.href);
}

let asked = 0;
async function go(address) {
  const number = ++asked;
  const focused = [...document.querySelectorAll("[data-zoom]")].indexOf(document.activeElement);
  const opened = [...document.querySelectorAll("main details[open][id]")].map((one) => one.id);
  const answer = await fetch(address, { headers: { "X-Facilityd-Part": "main" } }).catch(() => null);
  if (number !== asked || !answer) return; // something newer was asked, or there is no network, as the banner tells
  if (!answer.ok || answer.redirected) { location.href = address; return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  document.getElementById("main").replaceWith(fresh);
  history.replaceState(null, "", address);
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  document.querySelectorAll("[data-zoom]")[focused]?.focus({ preventScroll: true });
  ready();
}

/** Show from one share of what is shown to another: below 0 and above 1 lies what is not shown yet. */
function span(svg, from, to) {
  const address = new URL(location.href);
  const now = Date.now() + Number(localStorage.getItem(CLOCK) ?? 0);
  const first = Number(svg.dataset.since);
  const shown = Number(svg.dataset.until) - first;
  const width = Math.min(Math.max(SHORTEST, (to - from) * shown), now - OLDEST);
  const since = Math.min(Math.max(OLDEST, first + (from + to) / 2 * shown - width / 2), now - width);
  const stamp = (at) => new Date(at).toISOString().slice(0, 19) + "Z";
  address.searchParams.set("since", stamp(since));
  address.searchParams.set("until", stamp(since + width + 999));
  go(address);
}

function arm(figure) {
  const svg = () => [...figure.querySelectorAll("svg.chart")].find((one) => one.clientWidth); // one of two fits the window
  const begun = new Map(); // where each finger came down, as a share of what is drawn
  const at = new Map();
  let wheel = 0;
  let view = [0, 1];

  function share(event) {
    const box = figure.getBoundingClientRect(); // it stays where the drawing is shifted
    const [left, right] = svg().dataset.plot.split(" ").map(Number);
    return ((event.clientX - box.left) / box.width - left) / (right - left);
  }
  function shift() {
    const [left, right] = svg().dataset.plot.split(" ").map(Number);
    const [a, b] = [...begun.keys()];
    const near = begun.size > 1 ? begun.get(b) - begun.get(a) : 0;
    const scale = Math.abs(near) > 0.02 ? Math.min(20, Math.max(0.05, (at.get(b) - at.get(a)) / near)) : 1;
    const from = begun.get(a) - at.get(a) / scale;
    view = [from, from + 1 / scale];
    const edge = left + (right - left) * (at.get(a) - begun.get(a) * scale) - left * scale; // share of the figure
    svg().style.transform = `translateX(${edge * figure.clientWidth}px) scaleX(${scale})`;
  }
  figure.addEventListener("pointerdown", (event) => {
    if (event.button || begun.size > 1) return;
    figure.setPointerCapture(event.pointerId);
    for (const [id, where] of at) begun.set(id, where); // with the second finger it begins anew
    begun.set(event.pointerId, share(event));
    at.set(event.pointerId, share(event));
  });
  figure.addEventListener("pointermove", (event) => {
    if (!begun.has(event.pointerId)) return;
    at.set(event.pointerId, share(event));
    shift();
  });
  const end = (event) => {
    if (!begun.has(event.pointerId)) return;
    begun.clear();
    at.clear();
    svg().style.transform = "";
    const [from, to] = view;
    view = [0, 1];
    if (event.type === "pointerup" && Math.abs(from) + Math.abs(to - 1) > 0.02) span(svg(), from, to);
  };
  figure.addEventListener("pointerup", end);
  figure.addEventListener("pointercancel", end);
  figure.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey && event.deltaX === 0 && !figure.matches(":focus")) return;
    event.preventDefault();
    clearTimeout(wheel);
    const near = share(event);
    const factor = event.deltaY > 0 ? 2 : 0.5;
    wheel = setTimeout(() => span(svg(), near - near * factor, near + (1 - near) * factor), 120);
  }, { passive: false });
  figure.addEventListener("keydown", (event) => {
    const link = { ArrowLeft: "earlier", ArrowRight: "later", "+": "closer", "=": "closer", "-": "wider" }[event.key];
    if (!link || event.altKey || event.ctrlKey || event.metaKey) return; // those are the browser's own
    event.preventDefault();
    follow(link);
  });
}

// The address of this very span, for a message; where the browser lets nothing be copied it is a link.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("#share");
  if (!link || !navigator.clipboard) return;
  event.preventDefault();
  await navigator.clipboard.writeText(link.href).then(() => { link.textContent = link.dataset.copied; }, () => { location.href = link.href; });
});

document.addEventListener("facilityd:main", ready);
ready();
