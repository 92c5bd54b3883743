// A unit's card: what it is, why this target, why not the others, what would change it.
(function (planner) {
  "use strict";
  const el = planner.el;

  function textAt(page, name, u) {
    const words = page.texts.words[name];
    const column = page.columns[name];
    const code = column ? column.values[u] : -1;
    return words && code >= 0 ? words[code] : "";
  }
  planner.textAt = textAt;

  function labelOf(page, table, key) {
    const entry = page.config[table][key];
    return entry ? page.speech.pick(entry.label) : key;
  }
  planner.labelOf = labelOf;

  // a unit in a line: its target, and what a view that shows something else says of it
  planner.hoverText = function (page, u, key = page.state.view) {
    const { speech, views, config } = page, spec = views.byKey.get(key), parts = [page.texts.ids[u]];
    if (!config.compare.length) parts.push(labelOf(page, "targets", textAt(page, "target", u)));
    if (spec.column !== "target") parts.push(speech.pick(spec.label) + speech.t("colon") + speech.pick(spec.classes[views.classes(key)[u]].label));
    return [...parts, speech.area(page.columns.area_mu.at(u))].join(" · ");
  };

  function facts(page, u, names) {
    const rows = [];
    for (const spec of names) {
      const column = page.columns[spec.column];
      if (!column) continue;
      const value = column.at(u);
      if (isNaN(value)) continue;
      rows.push(el("tr", {}, el("th", { scope: "row" }, page.speech.pick(spec.label)), el("td", {}, shown(page.speech, spec, value))));
    }
    return rows;
  }

  function shown(speech, spec, value) {
    if (spec.unit === "mu") return speech.area(value);
    if (spec.unit === "m³") return speech.cubic(value);
    if (spec.unit === "yuan") return speech.yuan(value);
    if (spec.plain) return String(value); // years are not grouped
    return speech.number(value, spec.digits) + speech.pick(spec.tail);
  }

  function others(page, u) {
    const speech = page.speech;
    const mine = textAt(page, "target", u);
    const rows = [];
    for (const key in page.config.targets) {
      if (key === mine) continue;
      const loss = page.columns["loss_" + key];
      const refusal = textAt(page, "refusal_" + key, u);
      const lost = loss ? loss.at(u) : NaN;
      if (!refusal && isNaN(lost)) continue;
      const why = refusal ? refusalText(page, key, refusal, u) : speech.t("would_lose", { amount: speech.yuan(Math.max(0, lost)) });
      rows.push(el("tr", {}, el("th", { scope: "row" }, labelOf(page, "targets", key)), el("td", {}, why)));
    }
    return rows;
  }

  function refusalText(page, key, rule, u) {
    const value = page.columns["refusal_value_" + key].at(u), limit = page.columns["refusal_limit_" + key].at(u);
    const spec = page.config.rules[rule] || { label: [rule, rule], unit: "", tail: ["", ""] };
    const unit = page.speech.pick(spec.tail);
    let text = page.speech.pick(spec.label);
    if (isFinite(value) && isFinite(limit)) {
      const digits = Math.max(Math.abs(value), Math.abs(limit)) < 20 ? 2 : 0;
      const isYear = (v) => !/[m%]/.test(spec.unit) && v % 1 === 0 && v > 1900 && v < 2300; // years are not grouped
      const shown = (v) => (isYear(v) ? String(v) : page.speech.number(v, digits) + unit);
      text += page.speech.t("found_limit", { value: shown(value), limit: shown(limit) });
    }
    return page.speech.t("not_allowed") + " " + text;
  }

  function change(page, u) {
    const speech = page.speech;
    const next = textAt(page, "next_target", u);
    const column = page.columns.next_loss_cny;
    if (!next || !column || isNaN(column.at(u))) return null;
    const loss = Math.max(0, column.at(u)), area = page.columns.area_mu.at(u);
    return speech.t("would_change", {
      target: labelOf(page, "targets", next), amount: speech.yuan(loss), rate: speech.yuan(area > 0 ? loss / area : loss) });
  }

  // the unit's target in each of the plans that are compared
  function inPlans(page, u) {
    return page.config.compare.map((plan) => {
      const key = plan.targets[page.columns[plan.column].values[u]];
      return el("tr", {}, el("th", { scope: "row" }, plan.name), el("td", {}, labelOf(page, "targets", key)));
    });
  }

  // the unit's target in each of the plan's alternatives
  function inScenarios(page, u) {
    const keys = Object.keys(page.config.targets);
    return (page.config.scenarios || []).filter((one) => one.view !== "plan").map((one) => {
      const code = page.columns[page.views.byKey.get(one.view).column].values[u];
      return el("tr", {}, el("th", { scope: "row" }, page.speech.pick(one.name)), el("td", {}, code < 0 ? "–" : labelOf(page, "targets", keys[code])));
    });
  }

  const ABOVE_TOOLS = 96; // px that tools and scale take below it

  planner.card = function (page) {
    const box = el("aside", { class: "planner-card", role: "region", hidden: true, tabindex: "-1" });

    box.update = function () {
      const u = page.state.selected, speech = page.speech;
      box.hidden = u < 0;
      if (u < 0) return;
      const target = textAt(page, "target", u);
      const rules = textAt(page, "rules_target", u);
      const colour = page.config.targets[target] ? page.config.targets[target].colours[page.state.palette] : "#888";
      const reason = (speech.lang === "zh" && textAt(page, "reason_zh", u)) || textAt(page, "reason", u);
      const stale = page.replanned.has(u); // its reasons are those of another use
      const why = stale ? [] : others(page, u), shift = stale ? null : change(page, u);
      box.setAttribute("aria-label", speech.t("unit") + " " + page.texts.ids[u]);
      planner.replace(box,
        el("button", { type: "button", class: "planner-close", "aria-label": speech.t("close"), onclick: () => page.select(-1) }, "×"),
        el("h2", {}, speech.t("unit") + " " + page.texts.ids[u]),
        el("p", { class: "planner-parcel" }, page.parcelName(u)),
        page.config.compare.length ? null : el("p", { class: "planner-target" },
          el("span", { class: "planner-swatch", style: { background: colour }, "aria-hidden": "true" }),
          el("strong", {}, labelOf(page, "targets", target)), " · ", labelOf(page, "treatments", textAt(page, "treatment", u))),
        !reason && rules && rules !== target ? el("p", { class: "planner-note" }, speech.t("rules_would", { target: labelOf(page, "targets", rules) })) : null,
        page.config.compare.length ? [el("h3", {}, speech.t("in_plans")), el("table", {}, inPlans(page, u))] : null,
        stale ? el("p", { class: "planner-note" }, speech.t("live_card", { target: labelOf(page, "targets", page.texts.words.target[page.loaded.target[u]]) }))
        : reason ? [el("h3", {}, speech.t("why_this")), el("p", { class: "planner-reason" }, reason)] : null,
        why.length ? [el("h3", {}, speech.t("why_not")), el("table", {}, why)] : null,
        shift ? [el("h3", {}, speech.t("what_changes")), el("p", {}, shift)] : null,
        page.config.scenarios && page.config.scenarios.length > 2 ? [el("h3", {}, speech.t("in_scenarios")), el("table", {}, inScenarios(page, u))] : null,
        textAt(page, "constraint", u) ? el("p", { class: "planner-note" }, speech.t("constraint") + speech.t("colon") + textAt(page, "constraint", u)) : null,
        el("h3", {}, speech.t("numbers")),
        el("table", { class: "planner-facts" }, facts(page, u, page.config.facts)));
      box.place();
    };

    // below the title, above the tools; on a small screen it is a sheet
    box.place = function () {
      const map = page.map.getContainer().getBoundingClientRect(), top = page.parts.header.getBoundingClientRect().bottom - map.top + 8;
      box.style.top = page.compact ? "" : top + "px";
      box.style.maxHeight = page.compact ? "" : "calc(100% - " + (top + ABOVE_TOOLS) + "px)";
    };
    page.map.on("resize", box.place);
    return box;
  };
})((window.planner = window.planner || {}));
