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

    // the lake of the plan is not drawn over a view of today
    const flooded = (key) => !page.views.byKey.get(key).today;

    // from where to where the lake is drawn, of what reaches from low over the divider at edge to high
    handle.flooded = function (edge, low, high) {
      if (!page.state.other) return [low, high];
      const [left, right] = [page.state.view, page.state.other].map(flooded);
      return left === right ? [low, high] : left ? [low, edge] : [edge, high];
    };

    function clip() {
      const on = page.state.other !== "";
      handle.hidden = !on;
      right.style.display = on ? "" : "none";
      water.style.clip = "";
      if (!on) { left.style.clip = ""; return; }
      const size = map.getSize();
      const nw = map.containerPointToLayerPoint([0, 0]), se = map.containerPointToLayerPoint(size);
      const x = nw.x + size.x * share;
      left.style.clip = "rect(" + [nw.y, x, se.y, nw.x].map(px).join(",") + ")";
      right.style.clip = "rect(" + [nw.y, se.x, se.y, x].map(px).join(",") + ")";
      const [from, to] = handle.flooded(x, nw.x, se.x);
      if (from > nw.x || to < se.x) water.style.clip = "rect(" + [nw.y, to, se.y, from].map(px).join(",") + ")";
      handle.style.left = share * 100 + "%";
      handle.setAttribute("aria-valuenow", Math.round(share * 100));
      handle.setAttribute("aria-label", page.speech.t("divider"));
    }
    const px = (v) => Math.round(v) + "px";

    handle.set = function (value) {
      handle.share = share = Math.max(0.02, Math.min(0.98, value));
      clip();
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
