// Keeps a page true: values and ages as they come, the rest fetched anew from the server, which alone makes words.
const body = document.body;
const word = (name, age) => (body.getAttribute(`data-word-${name}`) || "").replace("{age}", age);
const language = body.dataset.language;
const STEPS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
const SILENT = 25000; // ms without any event: the server says a word every ten seconds
const AGAIN = 10000; // ms that a new line has to bring its first word
const CLOCK = "facilityd clock"; // how far the server's clock was ahead of this one when it was heard last
let made = Number(body.dataset.made);
// a page that was kept was made long ago: the server's clock is never behind it
let offset = Math.max(made - Date.now(), Number(localStorage.getItem(CLOCK) ?? -Infinity));
let kept = Date.now() + offset - made > 5000;
let heard = Date.now();
let open = false;

function setClock(at) {
  offset = at - Date.now();
  localStorage.setItem(CLOCK, String(offset));
}

export function span(seconds) {
  let rest = Math.max(0, Math.round(seconds));
  const parts = [];
  for (const [name, size] of STEPS) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) parts.push(`${count} ${word(`unit-${name}`)}`);
  }
  return parts.slice(0, 2).join(" ") || `0 ${word("unit-s")}`;
}

const ago = (at) => body.getAttribute("data-word-ago").replace("{span}", span((now() - at) / 1000));
const now = () => Date.now() + offset;

function tick() {
  for (const one of document.querySelectorAll("[data-age]")) {
    const text = ago(Number(one.dataset.age));
    if (one.textContent !== text) one.textContent = text;
  }
  for (const one of document.querySelectorAll(":not(svg)[data-until]")) {
    const text = body.getAttribute("data-word-in").replace("{span}", span((Number(one.dataset.until) - now()) / 1000));
    if (one.textContent !== text) one.textContent = text;
  }
  const lost = document.getElementById("lost");
  const silent = !open && Date.now() - heard > 4000 || Date.now() - heard > SILENT;
  if (silent || kept) lost.textContent = word(silent ? "offline" : "kept", ago(made));
  lost.hidden = !silent && !kept;
  document.getElementById("beat").classList.toggle("lost", silent);
}

// --- the main part, made anew by the server ---------------------------------
const typing = () => {
  const one = document.activeElement;
  const main = document.getElementById("main");
  return main.contains(one) && /^(INPUT|TEXTAREA|SELECT)$/.test(one.tagName) || document.querySelector("[data-busy]");
};
// between the press and the release of a button it must not be replaced: nothing would be clicked
let pressed = 0;
const press = () => { pressed = Date.now() + 3000; };
const release = () => { pressed = Math.min(pressed, Date.now() + 300); };
for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, press, true);
for (const name of ["pointerup", "pointercancel", "keyup"]) document.addEventListener(name, release, true);
const occupied = () => typing() || Date.now() < pressed;
let fetching = false;
let again = false;

export async function refresh() {
  if ("sent" in body.dataset) return; // it answers a form: asked for anew it would not say what was wrong
  if (fetching || occupied()) { again = true; return; }
  fetching = true;
  again = false;
  try {
    // on a line that died without a word an answer would be waited for ever
    const answer = await fetch(location.href, { headers: { "X-Facilityd-Part": "main" }, signal: AbortSignal.timeout(20000) });
    if (answer.redirected) { location.href = answer.url; return; }
    const text = await answer.text();
    if (occupied()) again = true; // they began while it was on its way
    else if (answer.ok) replace(new DOMParser().parseFromString(text, "text/html"));
  } catch { /* the banner tells that there is no connection */ } finally { fetching = false; }
}

// --- the keyboard stays where it was, on what has the same address or name -----------
const ALIKE = ["id", "href", "name", "value", "for"];
const same = (one) => [one.tagName, ...ALIKE.map((name) => one.getAttribute(name))].join(" ");
const reached = (main) => [...main.querySelectorAll("a, button, input, select, textarea, summary, [tabindex]")];

function placeOf(main) {
  const one = document.activeElement;
  if (!main.contains(one) || one === main) return null;
  return { of: same(one), number: reached(main).filter((other) => same(other) === same(one)).indexOf(one) };
}

function reach(main, place) {
  const alike = reached(main).filter((one) => same(one) === place.of);
  (alike[place.number] ?? main).focus({ preventScroll: true });
}

// A server that was upgraded makes other pages than the style and scripts here are of; once for each version.
function outdated(version) {
  if (!version || version === body.dataset.version || sessionStorage.getItem("version") === version) return false;
  sessionStorage.setItem("version", version);
  return true;
}

function replace(fresh) {
  const main = document.getElementById("main");
  const opened = [...main.querySelectorAll("details[open][id]")].map((one) => one.id);
  const next = fresh.getElementById("main");
  if (!next) return;
  if (outdated(fresh.body.dataset.version)) { location.reload(); return; }
  const place = placeOf(main);
  made = Number(fresh.body.dataset.made);
  kept = false;
  setClock(made);
  body.dataset.change = fresh.body.dataset.change;
  document.dispatchEvent(new CustomEvent("facilityd:replace", { detail: next }));
  main.replaceWith(next);
  for (const [name, one] of told) if (one.at >= made) showValue(name, one); // told meanwhile, and not told again
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  if (place) reach(next, place);
  document.title = fresh.title;
  tick();
  document.dispatchEvent(new Event("facilityd:main"));
}

// --- events -------------------------------------------------------------------
function showHealth(health) {
  const beat = document.getElementById("beat");
  if (!beat.classList.contains(health.state)) setTimeout(refresh, 1500); // what the server knows is a second old at most
  beat.className = `beat ${health.state}`;
  document.getElementById("beat-text").textContent = word(health.state);
  const dead = document.getElementById("dead");
  dead.hidden = health.watching;
  dead.className = `banner dead ${health.state}`;
  if (!health.watching) dead.lastElementChild.textContent = health.text[language];
  const age = beat.querySelector("[data-age]");
  if (age && health.since) age.dataset.age = Date.parse(health.since);
  setClock(Date.parse(health.at));
  if (!kept) made = Date.parse(health.at);
  tick();
}

function showValue(signal, one) {
  const name = CSS.escape(signal);
  for (const place of document.querySelectorAll(`[data-value="${name}"]`)) place.textContent = one.shown[language];
  for (const place of document.querySelectorAll(`[data-slide="${name}"]`)) slide(place, one);
}

const told = new Map(); // the last value of each signal, for a main part that was made before it came
export function showValues(news) {
  for (const [signal, one] of Object.entries(news.signals)) {
    const name = `${news.device}.${signal}`;
    told.set(name, { ...one, at: Date.parse(news.at) });
    showValue(name, one);
  }
  const mark = document.querySelector(`[data-state="${CSS.escape(news.device)}"]`);
  if (mark && mark.dataset.as !== `${news.state}|${news.priority}`) refreshSoon();
}

function slide(place, one) {
  const at = (Number(one.value) - Number(place.dataset.least)) / (Number(place.dataset.most) - Number(place.dataset.least));
  const bounded = Math.min(1, Math.max(0, at));
  if (one.value === null || Number.isNaN(bounded)) return;
  const y = Number(place.dataset.low) + bounded * (Number(place.dataset.high) - Number(place.dataset.low));
  place.setAttribute("transform", `translate(0 ${y.toFixed(1)})`);
}

let waiting = 0;
const refreshSoon = () => { clearTimeout(waiting); waiting = setTimeout(refresh, 80); }; // what came together is fetched once

let events = null;
let tried = Date.now();
export function listen() {
  events?.close();
  tried = Date.now();
  const own = events = new EventSource("/api/v1/events");
  const on = (name, act) => own.addEventListener(name, (event) => { heard = Date.now(); open = true; act(JSON.parse(event.data), event.lastEventId); });
  on("health", showHealth);
  on("values", showValues);
  on("change", refreshSoon);
  // what happened between the making of the page and now
  on("alarms", (_, id) => { if (Number(id.split("-")[1]) > Number(body.dataset.change)) refreshSoon(); });
  own.addEventListener("open", () => { heard = Date.now(); open = true; tick(); });
  own.addEventListener("error", () => {
    if (own !== events) return;
    open = false;
    if (own.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

// A phone that slept, or another network, leaves a line on which nothing comes and nothing fails; behind a proxy that holds
// events back the page is asked for instead.
function watch() {
  if (Date.now() - heard < SILENT || Date.now() - tried < AGAIN) return;
  listen();
  refresh();
}

setInterval(() => { tick(); if (again && !occupied()) refresh(); }, 1000);
tick();
if ("live" in body.dataset) {
  listen();
  if (kept) refresh();
  setInterval(watch, 1000);
  for (const name of ["online", "pageshow"]) addEventListener(name, watch);
  document.addEventListener("visibilitychange", watch);
  setInterval(refresh, 60000);
}
// nothing could be told: a page before which nobody stands asks again
async function ask() {
  const answer = await fetch(location.href, { signal: AbortSignal.timeout(AGAIN) }).catch(() => null);
  if (answer && answer.status < 500) location.reload();
}
if ("retry" in body.dataset) setInterval(ask, AGAIN);
if ("serviceWorker" in navigator && "live" in body.dataset) navigator.serviceWorker.register("/sw.js").catch(() => {});

// --- steps of a checklist, ticked on this device ------------------------------
function steps() {
  for (const list of document.querySelectorAll("[data-steps]")) {
    const name = `steps ${list.dataset.steps}`;
    const ticked = new Set((localStorage.getItem(name) || "").split(","));
    for (const box of list.querySelectorAll("input")) {
      box.checked = ticked.has(box.id);
      box.onchange = () => localStorage.setItem(name, [...list.querySelectorAll("input:checked")].map((one) => one.id).join(","));
    }
  }
}
document.addEventListener("facilityd:main", steps);
steps();
