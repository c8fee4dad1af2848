// Clocks that move without a reload. They count from the server's time, so a wrong clock on the desk does no harm.
// Without this module a page shows the share of time left at the moment it was made, and the deadline itself.
const made = Date.parse(document.body.dataset.now);
const opened = performance.now();
const serverNow = () => made + (performance.now() - opened);
const chinese = document.documentElement.lang.startsWith("zh");

function words(milliseconds) {
  const seconds = Math.floor(Math.abs(milliseconds) / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const days = Math.floor(hours / 24);
  const clock = `${hours ? `${hours}:` : ""}${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const text = hours >= 48 ? `${days} ${chinese ? "天" : "days"}` : clock;
  return milliseconds < 0 ? `+${text}` : text;
}

// The ring's dash offset is what has gone, of a hundred.
function gone(ring) {
  return Number.parseFloat(ring.getAttribute("stroke-dashoffset"));
}

function tick() {
  for (const clock of document.querySelectorAll("[data-deadline]")) {
    const ring = clock.querySelector(".ring .left");
    const left = Date.parse(clock.dataset.deadline) - serverNow();
    clock.dataset.span ??= String(left / ((100 - gone(ring)) / 100 || 1));
    const share = left < 0 ? 0 : Math.min(100, (100 * left) / Number(clock.dataset.span));
    ring.setAttribute("stroke-dashoffset", String(100 - share));
    clock.querySelector("[role=timer]").textContent = words(left);
    if (left < 0) clock.dataset.tone = "bad";
  }
}

tick();
setInterval(tick, 1000);
