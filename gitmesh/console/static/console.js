// Small comforts; every page works without them. No page needs a script to be read or to write.
"use strict";

(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const typing = (target) =>
    target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

  // ---- copy buttons, shown only here because they need a script ----
  const reveal = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("button[data-copy]")) button.hidden = false;
  };
  reveal(document);
  document.addEventListener("htmx:after:swap", () => reveal(document));
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element && event.target.closest("button[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.getAttribute("aria-label");
    button.setAttribute("aria-label", button.dataset.copied);
    button.title = button.dataset.copied;
    setTimeout(() => { button.setAttribute("aria-label", label); button.title = ""; }, 1500);
  });

  // ---- on a narrow screen, the pages scroll: the present one is in sight ----
  const bar = $(".pages"), here = $(".pages a[aria-current]");
  if (bar && here) bar.scrollLeft = here.offsetLeft - bar.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;

  // ---- forms that are sent when a value was chosen ----
  document.addEventListener("change", (event) => {
    if (event.target instanceof HTMLElement && event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  // ---- weights: sliders that keep their sum; each stands for the number beside it ----
  const weigh = (form) => {
    if (form.dataset.ready) return;
    form.dataset.ready = "yes";
    const rows = [...form.querySelectorAll(".weight")].map((row) => ({
      slider: $("input[type=range]", row), number: $("input.number", row), share: $("[data-share]", row),
    }));
    const value = (row) => Math.max(0, Number.parseInt(row.number.value, 10) || 0);
    const show = () => {
      const whole = rows.reduce((sum, row) => sum + value(row), 0);
      let start = 0;
      const bars = form.parentElement.querySelectorAll(".bar rect");
      rows.forEach((row, at) => {
        const share = whole ? (100 * value(row)) / whole : 0;
        row.slider.value = value(row);
        row.share.textContent = `${String(Math.round(10 * share) / 10)} %`;
        if (bars[at]) { bars[at].setAttribute("x", start); bars[at].setAttribute("width", share); }
        start += share;
      });
    };
    for (const row of rows) {
      row.slider.hidden = false;
      row.number.addEventListener("input", show);
      row.slider.addEventListener("input", () => {
        const whole = Number(row.slider.max);
        const others = rows.filter((other) => other !== row);
        const before = others.reduce((sum, other) => sum + value(other), 0);
        row.number.value = row.slider.value;
        let left = whole - Number(row.slider.value);
        others.forEach((other, at) => {
          const last = at === others.length - 1;
          const part = before ? (value(other) / before) : 1 / others.length;
          const given = last ? left : Math.min(left, Math.round((whole - Number(row.slider.value)) * part));
          other.number.value = given;
          left -= given;
        });
        show();
      });
    }
    show();
  };
  for (const form of document.querySelectorAll("form[data-weights]")) weigh(form);

  // ---- menus close when something else is clicked, and by Escape ----
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  // ---- keys: g and a letter for pages, / for search, j k Enter u in lists, ? for help ----
  let leader = 0;
  const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
  const selected = () => $("[data-row][aria-selected=true]");
  const select = (step) => {
    const all = rows();
    if (!all.length) return;
    const now = all.indexOf(selected());
    const next = all[Math.max(0, Math.min(all.length - 1, now + step))];
    for (const row of all) row.removeAttribute("aria-selected");
    next.setAttribute("aria-selected", "true");
    next.scrollIntoView({ block: "nearest" });
  };
  const keys = {
    "/": () => $("[data-search]")?.focus(),
    "?": () => $("#shortcuts")?.showModal(),
    j: () => select(1),
    k: () => select(-1),
    Enter: () => $("a[data-open]", selected() ?? document.createElement("i"))?.click(),
    u: () => $("[data-undo]", selected() ?? document.createElement("i"))?.click(),
    g: () => { leader = Date.now(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open]")) {
        menu.open = false;
        $("summary", menu).focus();
      }
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    if (Date.now() - leader < 1500) {
      leader = 0;
      const page = document.querySelector(`nav a[data-key="${CSS.escape(event.key)}"]`);
      if (page) { event.preventDefault(); page.click(); }
      return;
    }
    if (event.key === "Enter" && event.target !== document.body && event.target !== $("main")) return;
    const act = keys[event.key];
    if (act) { if (event.key !== "Enter" || selected()) event.preventDefault(); act(); }
  });

  // ---- live: a page that shows now asks anew when the log has grown; hidden tabs cost nothing ----
  const live = () => $("[data-live]");
  let stream = null, lostTimer = 0;
  const lost = (is) => { const line = $("#lost"); if (line) line.hidden = !is; };
  const follow = () => {
    if (!live() || stream || document.hidden) return;
    stream = new EventSource(`/live?after=${encodeURIComponent(live().dataset.live)}`);
    stream.addEventListener("open", () => { clearTimeout(lostTimer); lost(false); });
    stream.addEventListener("grown", () => (live() ? window.htmx?.trigger(live(), "grown") : leave()));
    stream.addEventListener("error", () => {
      clearTimeout(lostTimer);
      if (stream?.readyState === EventSource.CLOSED) { leave(); lost(true); lostTimer = setTimeout(follow, 5000); }
      else lostTimer = setTimeout(() => lost(true), 3000);
    });
  };
  const leave = () => { stream?.close(); stream = null; };
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", follow);
  follow();

  // ---- what changes by itself, such as traffic, is asked for anew while the page is looked at ----
  setInterval(() => {
    const part = $("[data-refresh]");
    if (part && !document.hidden && !part.contains(document.activeElement)) window.htmx?.trigger(part, "refresh");
  }, 10000);

  // ---- a list that grows: the selected row stays selected, and new rows show that they are new ----
  let known = null, chosen = "";
  document.addEventListener("htmx:before:swap", () => {
    known = new Set([...document.querySelectorAll("[data-row][id]")].map((row) => row.id));
    chosen = selected()?.id ?? "";
  });
  document.addEventListener("htmx:after:swap", () => {
    if (chosen) document.getElementById(chosen)?.setAttribute("aria-selected", "true");
    for (const row of document.querySelectorAll("[data-row][id]")) {
      if (known && !known.has(row.id)) row.classList.add("changed");
    }
  });

  // ---- relative times grow older ----
  const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll("main time[datetime*=T]")) {
      const seconds = (Date.parse(time.dateTime) - Date.now()) / 1000;
      const found = units.find(([, size]) => Math.abs(seconds) >= size);
      if (found) time.textContent = words.format(Math.round(seconds / found[1]), found[0]);
    }
  }, 30000);
})();
