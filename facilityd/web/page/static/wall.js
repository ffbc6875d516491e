// On a wall nobody scrolls: letters shrink until all fits, to 60 % at least. Where that is not enough the last rows of the
// longest lists stay away, those that are well first, and how many is said.
const root = document.documentElement;
const LISTS = "main :is(.hazards, .items, .rules, .signals, .lines, .strips, .area ul, .stories, tbody)";
const WELL = ".good, .pass, .done, .thing:not(.critical, .high, .medium, .low, .unknown)";
const RULES = ".rules > :is(.good, .none)";
const SAID = ".columns:has(.signals) :is(.rules, .lines) > li"; // what is wrong of a device stands above already
const SMALLEST = 0.6;
const fits = () => root.scrollHeight <= innerHeight;

/** The rows in the order in which they stay away, from the end of whichever list is longest: rules that are content, what
 * else is well but eight of each, the rest but one. */
function leaving() {
  const lists = [...document.querySelectorAll(LISTS)].map((one) => [...one.children].filter((row) => !row.matches(".left, .strip-head")));
  const found = [];
  const gone = new Set();
  for (const [kind, least] of [[RULES, 0], [SAID, 0], [WELL, 8], ["*", 1]]) {
    const left = lists.map((rows) => rows.filter((row) => row.matches(kind) && !gone.has(row)));
    const most = () => left.reduce((a, b) => (b.length > a.length ? b : a), []);
    for (let rows = most(); rows.length > least; rows = most()) { gone.add(rows.at(-1)); found.push(rows.pop()); }
  }
  return found;
}

function hide(rows, count) {
  rows.forEach((row, at) => { if (row.hidden !== at < count) row.hidden = at < count; });
  document.querySelectorAll(".left").forEach((one) => one.remove());
  const lists = new Map();
  for (const row of rows.slice(0, count)) lists.set(row.parentNode, (lists.get(row.parentNode) || 0) + 1);
  for (const [list, n] of lists) {
    const said = document.createElement(list.matches("tbody") ? "tr" : "li");
    said.className = "left quiet-text";
    const place = list.matches("tbody") ? said.appendChild(document.createElement("td")) : said;
    place.textContent = document.body.getAttribute("data-word-left").replace("{n}", n);
    list.append(said);
  }
}

function fit() {
  root.style.fontSize = "";
  const rows = leaving();
  hide(rows, 0);
  if (fits()) return;
  const full = parseFloat(getComputedStyle(root).fontSize);
  const shrink = (share) => { root.style.fontSize = `${full * share}px`; return fits(); };
  if (shrink(SMALLEST)) {
    let share = 0.95;
    while (!shrink(Math.max(SMALLEST, share)) && share > SMALLEST) share *= 0.95;
    return;
  }
  // from few rows to more, for a page of hundreds takes long to lay out
  const first = 8;
  let seen = first;
  while (seen < rows.length && (hide(rows, rows.length - seen), fits())) seen *= 2;
  let [few, many] = [Math.max(0, rows.length - seen), seen > first ? rows.length - seen / 2 : rows.length];
  while (many - few > 1) {
    const middle = (few + many) >> 1;
    hide(rows, middle);
    if (fits()) many = middle; else few = middle;
  }
  hide(rows, Math.max(0, many));
}
document.addEventListener("facilityd:main", fit);
addEventListener("resize", fit);
fit();
