// The notebook's side of the map: the page in a frame of its own, and messages between it and Python.
function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.title = "planner";
  frame.style.cssText = "width:100%;border:1px solid #ccc;height:" + model.get("height") + "px";
  frame.srcdoc = model.get("page");
  const hear = (event) => {
    if (event.source !== frame.contentWindow || !event.data || !event.data.planner) return;
    const message = event.data.planner;
    if (message.kind === "selected") {
      model.set("selected", message.units);
      model.save_changes();
    } else model.send(message);
  };
  const pass = (message) => frame.contentWindow && frame.contentWindow.postMessage({ plannerHost: message }, "*");
  window.addEventListener("message", hear);
  model.on("msg:custom", pass);
  el.append(frame);
  return () => { window.removeEventListener("message", hear); model.off("msg:custom", pass); };
}
export default { render };
