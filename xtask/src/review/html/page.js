"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const articles = [...document.querySelectorAll("article")];
  const fields = ["search", "driver", "rule", "finding", "state", "pending"].map(byId);
  const [search, driver, rule, finding, state, pending] = fields;
  const words = (text) => (text ? text.split(" ") : []);

  const apply = () => {
    const wanted = search.value.trim().toLowerCase();
    let shown = 0;
    for (const article of articles) {
      const data = article.dataset;
      const show =
        (!driver.value || data.driver === driver.value) &&
        (!rule.value || words(data.rules).includes(rule.value)) &&
        (!finding.value || words(data.findings).includes(finding.value)) &&
        (!state.value || data.state === state.value) &&
        (!pending.checked || data.pending === "true") &&
        (!wanted || article.textContent.toLowerCase().includes(wanted));
      article.hidden = !show;
      shown += show;
    }
    for (const defect of document.querySelectorAll("#defects > details")) {
      defect.hidden =
        (driver.value && defect.dataset.driver !== driver.value) ||
        (rule.value && !words(defect.dataset.rules).includes(rule.value));
    }
    byId("shown").textContent = `${shown} of ${articles.length}`;
  };

  const summaries = () => articles.filter((a) => !a.hidden).map((a) => a.querySelector("summary"));
  const step = (by) => {
    const all = summaries();
    const at = all.indexOf(document.activeElement);
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };

  for (const field of fields) field.addEventListener("input", apply);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("[data-set-driver]")) {
    button.addEventListener("click", () => {
      driver.value = button.dataset.setDriver;
      apply();
    });
  }
  const openTarget = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) {
      target.hidden = false;
      target.open = true;
    }
  };
  addEventListener("hashchange", openTarget);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      byId("filters").reset();
      apply();
      document.activeElement?.blur();
      return;
    }
    if (["INPUT", "SELECT"].includes(document.activeElement?.tagName)) return;
    if (event.key === "/") {
      event.preventDefault();
      search.focus();
    } else if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "p") {
      pending.checked = !pending.checked;
      apply();
    }
  });
  apply();
  openTarget();
})();
