// Moves and zooms a chart: what is there is shifted at once, what belongs there is drawn by the server.
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

async function go(address) {
  const focused = [...document.querySelectorAll("[data-zoom]")].indexOf(document.activeElement);
  const answer = await fetch(address, { headers: { "X-Facilityd-Part": "main" } });
  if (!answer.ok) { location.href = address; return; }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  document.getElementById("main").replaceWith(fresh);
  history.replaceState(null, "", address);
  document.querySelectorAll("[data-zoom]")[focused]?.focus();
  ready();
}

function span(svg, from, to) {
  const address = new URL(location.href);
  const since = Number(svg.dataset.since);
  const width = Number(svg.dataset.until) - since;
  const stamp = (share) => new Date(since + share * width).toISOString().slice(0, 19) + "Z";
  address.searchParams.set("since", stamp(from));
  address.searchParams.set("until", stamp(to));
  go(address);
}

function arm(figure) {
  const svg = figure.querySelector("svg");
  let begun = null;
  let wheel = 0;
  figure.addEventListener("pointerdown", (event) => { begun = event.clientX; figure.setPointerCapture(event.pointerId); });
  figure.addEventListener("pointermove", (event) => {
    if (begun !== null) svg.style.transform = `translateX(${event.clientX - begun}px)`;
  });
  const end = (event) => {
    const moved = begun === null ? 0 : (event.clientX - begun) / svg.clientWidth;
    begun = null;
    svg.style.transform = "";
    if (Math.abs(moved) > 0.02) span(svg, -moved, 1 - moved);
  };
  figure.addEventListener("pointerup", end);
  figure.addEventListener("pointercancel", end);
  figure.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.shiftKey && event.deltaX === 0 && !figure.matches(":focus")) return;
    event.preventDefault();
    clearTimeout(wheel);
    const near = (event.clientX - svg.getBoundingClientRect().left) / svg.clientWidth;
    const factor = event.deltaY > 0 ? 2 : 0.5;
    wheel = setTimeout(() => span(svg, near - near * factor, near + (1 - near) * factor), 120);
  }, { passive: false });
  figure.addEventListener("keydown", (event) => {
    const link = { ArrowLeft: "earlier", ArrowRight: "later", "+": "closer", "=": "closer", "-": "wider" }[event.key];
    if (!link) return;
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
