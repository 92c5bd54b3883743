// A divider between two views: vector panes are clipped, so it works on what is drawn, not only on tile images.
(function (planner) {
  "use strict";

  planner.swipe = function (page) {
    const map = page.map;
    const handle = planner.el("div", { class: "planner-divider", role: "slider", tabindex: "0", hidden: true, "aria-valuemin": 0, "aria-valuemax": 100 },
      planner.el("span", { "aria-hidden": "true" }, "⇔"));
    const left = map.getPane("planner-units"), right = map.getPane("planner-other");
    const water = map.getPane("planner-water");
    let share = 0.5;
    handle.share = share;

    const works = ["planner-works", "planner-hauls"].map((name) => map.getPane(name));
    const own = (key) => page.views.byKey.get(key).own;

    // from where to where what belongs to the plan is drawn, of what reaches from low over the divider at edge to high: no lake or
    // dyke of the plan lies over today or over another plan
    handle.owned = function (edge, low, high) {
      const left = own(page.state.view), right = page.state.other ? own(page.state.other) : left;
      return left ? [low, right ? high : edge] : right ? [edge, high] : [low, low];
    };
    // the same for the water, which is drawn where it is asked for over one view alone
    handle.flooded = function (edge, low, high) {
      const [from, to] = handle.owned(edge, low, high);
      return page.state.other && to > from ? [from, to] : [low, high];
    };

    function clip() {
      const on = page.state.other !== "", size = map.getSize();
      const nw = map.containerPointToLayerPoint([0, 0]), se = map.containerPointToLayerPoint(size), x = nw.x + size.x * share;
      const cut = (pane, from, to) => { pane.style.clip = from > nw.x || to < se.x ? "rect(" + [nw.y, to, se.y, from].map(px).join(",") + ")" : ""; };
      handle.hidden = !on;
      right.style.display = on ? "" : "none";
      works.forEach((pane) => { const [from, to] = handle.owned(x, nw.x, se.x); pane.style.display = to > from ? "" : "none"; cut(pane, from, to); });
      cut(water, ...handle.flooded(x, nw.x, se.x));
      cut(left, nw.x, on ? x : se.x);
      if (!on) return;
      cut(right, x, se.x);
      handle.style.left = share * 100 + "%";
      handle.setAttribute("aria-valuenow", Math.round(share * 100));
      handle.setAttribute("aria-label", page.speech.t("divider"));
    }
    const px = (v) => Math.round(v) + "px";

    handle.set = function (value) {
      handle.share = share = Math.max(0.02, Math.min(0.98, value));
      clip();
      if (page.overlays.names) page.overlays.names.update(); // the plan's lakes are named on its side alone
      page.remember();
    };
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      event.stopPropagation();
      handle.focus();
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = map.getContainer().getBoundingClientRect();
      handle.set((event.clientX - box.left) / box.width);
    });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1 }[event.key];
      if (!step) return;
      handle.set(share + step);
      event.preventDefault();
      event.stopPropagation();
    });
    map.on("move zoomend resize viewreset", clip);
    handle.update = clip;
    return handle;
  };
})((window.planner = window.planner || {}));
