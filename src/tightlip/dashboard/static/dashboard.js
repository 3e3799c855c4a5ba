// The pages work without this: it brings what is new, and a key for the search.
"use strict";

const WRITTEN_IN = new Set(["INPUT", "SELECT", "TEXTAREA"]);

async function refresh() {
  const live = document.getElementById("live");
  // Whoever goes through the page by keys, or marks a text to copy it, must not lose the place.
  const inUse = live.contains(document.activeElement) || !getSelection().isCollapsed;
  if (document.visibilityState !== "visible" || inUse) return;
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  if (fresh !== null && fresh.innerHTML !== live.innerHTML) live.replaceChildren(...fresh.childNodes);
}

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (WRITTEN_IN.has(event.target.tagName)) return;
  event.preventDefault();
  document.getElementById("text").focus();
});

const seconds = Number(document.getElementById("live").dataset.live);
if (seconds > 0) setInterval(() => refresh().catch(() => {}), 1000 * seconds);
