// Drawings: the sky in Mollweide's projection, and one object's epochs in time.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Degrees to the drawing's units: 180 to the side, 90 up.
export function mollweide(ra, dec) {
  const phi = (dec * Math.PI) / 180;
  let theta = phi;
  for (let step = 0; step < 20 && Math.abs(phi) < Math.PI / 2 - 1e-6; step += 1) {
    theta -= (2 * theta + Math.sin(2 * theta) - Math.PI * Math.sin(phi)) / (2 + 2 * Math.cos(2 * theta));
  }
  const longitude = ((((ra + 180) % 360) + 360) % 360) - 180;
  return [-longitude * Math.cos(theta), -90 * Math.sin(theta)];
}

function path(points) {
  return points.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

export function drawSky(svg, positions) {
  const steps = Array.from({ length: 37 }, (_, step) => step * 5 - 90);
  const lines = [-179.99, -120, -60, 0, 60, 120, 179.99].map((ra) => path(steps.map((dec) => mollweide(ra, dec))));
  for (const dec of [-60, -30, 0, 30, 60]) lines.push(path([mollweide(-179.99, dec), mollweide(179.99, dec)]));
  const drawn = lines.map((d) => element("path", { class: "grid", d }));
  for (const flagged of [false, true]) {
    for (const [ra, dec, isFlagged] of positions) {
      if (isFlagged !== flagged) continue;
      const [cx, cy] = mollweide(ra, dec);
      drawn.push(element("circle", { class: flagged ? "flagged" : "good", cx: cx.toFixed(1), cy: cy.toFixed(1), r: flagged ? 2 : 1.3 }));
    }
  }
  svg.replaceChildren(...drawn);
}

// Epochs over time, their epoch score upwards; the dashed line is where flags begin.
export function drawHistory(epochs, origin) {
  const timed = epochs.filter((epoch) => epoch.mjd !== null);
  const svg = element("svg", { viewBox: "0 0 400 130", role: "img", class: "history",
    "aria-label": `${timed.length} epochs of this object in time, ${timed.filter((e) => e.problematic).length} of them flagged` });
  if (!timed.length) return svg;
  const times = timed.map((epoch) => epoch.mjd);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  const most = Math.max(2, ...timed.map((epoch) => epoch.score ?? 0));
  const x = (mjd) => 30 + (last > first ? (340 * (mjd - first)) / (last - first) : 170);
  const y = (score) => 105 - (90 * score) / most;
  svg.append(element("path", { class: "grid", d: `M30 ${y(0)}H380` }));
  svg.append(element("path", { class: "grid", d: `M30 ${y(1)}H380`, "stroke-dasharray": "4 3" }));
  svg.append(element("text", { x: 4, y: y(1) + 3 }, "flag"), element("text", { x: 30, y: 124 }, `MJD ${first.toFixed(2)}`));
  svg.append(element("text", { x: 380, y: 124, "text-anchor": "end" }, last.toFixed(2)));
  for (const epoch of timed) {
    const place = [x(epoch.mjd), y(epoch.score ?? 0)];
    const kind = `${epoch.problematic ? "flagged" : "good"}${epoch.origin === origin ? " here" : ""}`;
    const mark = epoch.problematic
      ? element("rect", { class: kind, x: place[0] - 4, y: place[1] - 4, width: 8, height: 8 })
      : element("circle", { class: kind, cx: place[0], cy: place[1], r: 4 });
    const score = epoch.score === null ? epoch.state : epoch.score.toFixed(2);
    mark.append(element("title", {}, `${epoch.epochId} ${epoch.band ?? ""} ${score}`));
    svg.append(mark);
  }
  return svg;
}
