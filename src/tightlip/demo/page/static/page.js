// The page works without this: it only spares the reload.
"use strict";

const failures = document.getElementById("failures");

async function show(address) {
  const result = document.getElementById("result");
  result.setAttribute("aria-busy", "true");
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("result");
  if (!answer.ok || fresh === null) throw new Error("no result");
  addCopyButtons(fresh);
  result.replaceWith(fresh);
  document.title = page.title;
  for (const button of failures.elements) {
    const same = page.querySelector(`button[value="${button.value}"][aria-current]`);
    if (same === null) button.removeAttribute("aria-current");
    else button.setAttribute("aria-current", "true");
  }
  fresh.focus({ preventScroll: true });
  const wide = matchMedia("(min-width: 64rem)").matches;
  (wide ? document.body : fresh).scrollIntoView({ block: "start" });
}

if (failures !== null) {
  failures.addEventListener("submit", async (event) => {
    if (event.submitter === null) return;
    event.preventDefault();
    const address = new URL(failures.action);
    address.searchParams.set(event.submitter.name, event.submitter.value);
    try {
      await show(address);
      history.pushState(null, "", address);
    } catch {
      location.assign(address);
    }
  });
  addEventListener("popstate", () => location.reload());
}
