// Without a network, or while a slow one is waited for: the page as it was last, whose own script tells how old it is.
// Nothing is queued.
const PAGES = "facilityd-pages-2";
const FILES = "facilityd-files-1";
const QUICK = 50; // ms that the network has before what was kept is shown meanwhile
const GATEWAY = [502, 504]; // a proxy says so whose server is gone: as without a network
const YOUNG = 3600e3; // ms: what is older is shown only where no network answers

const OWN = /^\/(a|api|history\/file\..*)(\/|$)/; // links of notices and files to take away: nothing of them is kept

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(PAGES).then((pages) => pages.add("/offline")).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(begin()));

// The page that brought the worker was fetched without it: it is kept too, for who comes back.
async function begin() {
  await self.clients.claim();
  const pages = await caches.open(PAGES);
  for (const one of await self.clients.matchAll({ type: "window" })) await pages.add(one.url).catch(() => {});
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const young = (kept) => Date.now() - Date.parse(kept.headers.get("date")) < YOUNG;

async function page(event) {
  const { request } = event;
  const pages = await caches.open(PAGES);
  const kept = await pages.match(request.url);
  const asked = fetch(request).then((answer) => {
    if (answer.status >= 500) return GATEWAY.includes(answer.status) && kept || answer; // the last state stays what it is
    // who is sent elsewhere, to sign in, keeps nothing of what stood here
    const noted = answer.ok && !answer.redirected ? pages.put(request.url, answer.clone()) : pages.delete(request.url);
    event.waitUntil(noted.catch(() => {}));
    return answer;
  });
  event.waitUntil(asked.catch(() => {}));
  const alone = asked.catch(() => kept || pages.match("/offline"));
  return kept && young(kept) ? Promise.race([alone, wait(QUICK).then(() => kept)]) : alone;
}

async function sent(request) {
  try {
    const answer = await fetch(request);
    const pages = await caches.open(PAGES); // what was kept is of before
    for (const one of await pages.keys()) if (new URL(one.url).pathname !== "/offline") await pages.delete(one);
    return answer;
  } catch {
    return caches.match("/offline");
  }
}

async function file(request) {
  const files = await caches.open(FILES);
  const known = await files.match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.ok) await files.put(request, answer.clone());
  return answer;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  if (request.mode === "navigate" && request.method === "POST") {
    event.respondWith(sent(request));
  } else if (request.mode === "navigate" && request.method === "GET" && !OWN.test(url.pathname)) {
    event.respondWith(page(event));
  } else if (url.pathname.startsWith("/static/")) {
    event.respondWith(file(request));
  }
});
