// Search by unit or parcel: id or name, Chinese or English, as typed.
(function (planner) {
  "use strict";
  const el = planner.el;
  const MOST = 8;

  planner.findUnits = function (page, text) {
    const wanted = text.trim().toLowerCase();
    if (!wanted) return [];
    const units = [], parcels = [];
    for (let u = 0; u < page.texts.ids.length && units.length < MOST; u++) {
      const id = page.texts.ids[u].toLowerCase();
      if (id === wanted) units.unshift({ unit: u, label: page.texts.ids[u] });
      else if (id.includes(wanted)) units.push({ unit: u, label: page.texts.ids[u] });
    }
    const exact = page.texts.ids.findIndex((id) => id.toLowerCase() === wanted);
    if (exact >= 0 && !units.some((hit) => hit.unit === exact)) units.unshift({ unit: exact, label: page.texts.ids[exact] });
    page.texts.words.parcel_id.forEach((id, code) => {
      const names = page.config.names[id] || ["", ""];
      if (parcels.length < MOST && [id, ...names].some((name) => name.toLowerCase().includes(wanted))) {
        parcels.push({ parcel: code, label: [id, page.speech.pick(names)].filter(Boolean).join(" · ") });
      }
    });
    const places = page.config.places.filter((place) => place.kind !== "parcel" && place.name.some((name) => name.toLowerCase().includes(wanted)));
    return [...places.slice(0, 4).map((place) => ({ place: place, label: page.speech.pick(place.name) })), ...parcels, ...units].slice(0, MOST);
  };

  planner.search = function (page) {
    const box = el("div", { class: "planner-search", role: "search" });
    const list = el("ul", { id: "planner-hits", role: "listbox", hidden: true });
    const input = el("input", { type: "search", id: "planner-search", role: "combobox", autocomplete: "off", "aria-controls": "planner-hits", "aria-expanded": "false" });
    let hits = [], active = 0;

    function choose(hit) {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      if ("unit" in hit) page.select(hit.unit, true);
      else if ("place" in hit) page.showPlace(hit.place);
      else page.showParcel(hit.parcel);
    }
    function show() {
      hits = planner.findUnits(page, input.value);
      active = Math.max(0, Math.min(active, hits.length - 1));
      list.hidden = !input.value.trim();
      input.setAttribute("aria-expanded", String(!list.hidden));
      const rows = hits.map((hit, i) => el("li", {
        role: "option", id: "planner-hit-" + i, "aria-selected": String(i === active), onmousedown: (event) => { event.preventDefault(); choose(hit); },
      }, ("place" in hit ? "" : page.speech.t("unit" in hit ? "unit" : "parcel") + " ") + hit.label));
      planner.replace(list, rows.length ? rows : el("li", { class: "planner-none" }, page.speech.t("nothing_found")));
      input.setAttribute("aria-activedescendant", rows.length ? "planner-hit-" + active : "");
    }
    input.addEventListener("input", () => { active = 0; show(); });
    input.addEventListener("blur", () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); });
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "ArrowDown") { active += 1; show(); event.preventDefault(); }
      if (event.key === "ArrowUp") { active -= 1; show(); event.preventDefault(); }
      if (event.key === "Enter") { show(); if (hits.length) choose(hits[active]); }
      if (event.key === "Escape") { input.value = ""; show(); input.blur(); }
    });
    box.update = function () {
      input.placeholder = page.speech.t("search_hint");
      input.setAttribute("aria-label", page.speech.t("search_hint"));
      list.setAttribute("aria-label", page.speech.t("search_results"));
    };
    box.append(input, list);
    return box;
  };
})((window.planner = window.planner || {}));
