// The page: asks for what the address says, and shows it. Text from packets only ever becomes textContent.

import { drawHistory, drawSky } from "./sky.js";

const EVERY_MS = 3000;
const $ = (id) => document.getElementById(id);
const state = { paused: false, asked: 0, shown: "", opened: null };

function address() {
  return new URLSearchParams(location.search);
}

function go(changes, push = true) {
  const next = address();
  for (const [key, value] of Object.entries(changes)) value ? next.set(key, value) : next.delete(key);
  const text = next.toString();
  history[push ? "pushState" : "replaceState"](null, "", text ? `?${text}` : location.pathname);
}

function make(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

// Ids come with packets, and one may be called as what every object has.
function own(record, key) {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function number(value, digits = 2) {
  if (value === null || value === undefined) return "–";
  return Math.abs(value) < 0.01 && value !== 0 ? value.toExponential(1) : value.toFixed(digits);
}

function facts(row) {
  const told = [row.score === null ? row.state : `score ${number(row.score)}`];
  for (const [name, score] of Object.entries(row.classes)) told.push(`${name} ${number(score)}`);
  if (row.pValue !== null) told.push(`p ${number(row.pValue)}`);
  return told.join(" · ");
}

function picture(row, loading) {
  return make("img", { className: "triplet", loading, width: 384, height: 126,
    alt: `science, reference and difference of ${row.objectId}`, src: `triplet.png?origin=${encodeURIComponent(row.origin)}` });
}

function openAddress(origin) {
  const next = address();
  next.set("open", origin);
  return `?${next}`;
}

function card(row) {
  const link = make("a", { href: openAddress(row.origin) }, picture(row, "lazy"),
    make("span", { className: "name", textContent: `${row.survey} ${row.objectId} ${row.band ?? ""}` }),
    make("span", { className: "facts", textContent: facts(row) }));
  if (row.problematic) link.append(make("span", { className: "mark", textContent: "problematic" }));
  link.dataset.origin = row.origin;
  return make("li", { className: row.problematic ? "flagged" : "" }, link);
}

function showViews(views) {
  const current = address().get("view") ?? "newest";
  $("views").replaceChildren(...Object.entries(views).map(([name, [heading, where]], place) => {
    const next = address();
    next.set("view", name);
    next.delete("open");
    const link = make("a", { href: `?${next}`, textContent: heading, title: `${where || "all"} (key ${place + 1})` });
    if (name === current) link.setAttribute("aria-current", "page");
    return make("li", {}, link);
  }));
  $("found").textContent = views[current]?.[0] ?? "Alerts";
}

function showSurveys(surveys) {
  const chosen = address().get("survey") ?? "";
  const names = ["", ...new Set([...surveys, ...(chosen ? [chosen] : [])])];
  if ($("survey").options.length !== names.length) {
    $("survey").replaceChildren(...names.map((name) => make("option", { value: name, textContent: name || "all" })));
  }
  $("survey").value = chosen;
}

function show(answer) {
  const status = `${answer.matched.toLocaleString("en")} of ${answer.held.toLocaleString("en")} alerts held · ${answer.received.toLocaleString("en")} read`;
  $("status").textContent = answer.problem ? `${status} · ${answer.problem}` : status;
  $("status").classList.toggle("problem", Boolean(answer.problem));
  showViews(answer.views);
  showSurveys(answer.surveys);
  const shown = JSON.stringify(answer.rows);
  if (shown === state.shown) return;
  state.shown = shown;
  // Cards that stay are kept, and with them their pictures and the reader's place.
  const kept = new Map([...$("alerts").querySelectorAll("a")].map((link) => [link.dataset.origin, link.parentElement]));
  const focused = document.activeElement?.dataset?.origin;
  $("alerts").replaceChildren(...answer.rows.map((row) => {
    const known = kept.get(row.origin);
    if (known) known.firstChild.href = openAddress(row.origin);
    return known ?? card(row);
  }));
  if (focused) [...$("alerts").querySelectorAll("a")].find((link) => link.dataset.origin === focused)?.focus();
  if (!answer.rows.length) $("alerts").append(make("li", { className: "note", textContent: "Nothing passes." }));
  drawSky($("sky"), answer.sky);
}

async function refresh() {
  const asked = (state.asked += 1);
  const query = address();
  query.delete("open");
  $("summary").href = `summary.html?${query}`;
  try {
    const response = await fetch(`api/alerts?${query}`);
    const answer = await response.json();
    if (asked !== state.asked) return;
    $("where-error").textContent = answer.error ?? "";
    if (!answer.error) show(answer);
  } catch (error) {
    $("status").textContent = `The page does not answer: ${error.message}`;
    $("status").classList.add("problem");
  }
}

function definitions(pairs) {
  const list = make("dl");
  for (const [name, value] of pairs) {
    if (value !== null && value !== undefined && value !== "") list.append(make("dt", { textContent: name }), make("dd", { textContent: String(value) }));
  }
  return list;
}

function table(head, rows) {
  const cells = (kind, texts) => make("tr", {}, ...texts.map((text) => (text instanceof Node ? make(kind, {}, text) : make(kind, { textContent: text }))));
  return make("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: head.filter(Boolean).join(", ") }, make("table", {}, make("thead", {}, cells("th", head)), make("tbody", {}, ...rows.map((row) => cells("td", row)))));
}

// A look-alike as a tile: a link where it is on the page, a picture where the page or the index has one.
function tile(one, origin) {
  const shown = origin ? picture({ origin, objectId: one.objectId }, "lazy") : one.picture ? make("img", { className: "thumbnail", alt: `image of ${one.objectId}`, src: one.picture }) : "";
  const text = make("span", { className: "facts", textContent: `${one.objectId} · ${number(one.distance, 3)}` });
  return make("li", {}, origin ? make("a", { href: openAddress(origin) }, shown, text) : make("div", {}, shown, text));
}

async function showLookAlikes(origin, section) {
  const response = await fetch(`api/look-alikes?origin=${encodeURIComponent(origin)}`);
  const answer = await response.json();
  if (answer.error) {
    section.append(make("p", { className: "note", textContent: answer.error }));
    return;
  }
  section.append(make("p", { className: "note", textContent: `index ${answer.version}, nearest first, with their distances` }),
    make("ol", { className: "tiles" }, ...answer.lookAlikes.map((one) => tile(one, own(answer.here, one.epochId)))));
  if (answer.estimates.length) {
    section.append(table(["property, by labelled look-alikes", "value", "scatter"], answer.estimates.map((one) => [one.name, number(one.value, 3), number(one.scatter, 3)])));
  }
}

function showAlert(origin, { annotation, history, lookAlikes, hasIndex }) {
  const { epoch, image } = annotation;
  $("alert-title").textContent = `${annotation.survey} ${annotation.objectId} ${annotation.band ?? ""}`;
  const row = history.find((one) => one.origin === origin) ?? { origin, objectId: annotation.objectId };
  const parts = [picture(row, "eager"), make("p", { className: "note", textContent: "science · reference · science − reference (orange brighter, blue fainter)" }),
    definitions([["epoch", annotation.epochId], ["verdict", epoch.problematic ? "problematic" : epoch.state], ["epoch score", epoch.score && number(epoch.score)],
      ["reason", epoch.reason], ["rule", `${epoch.rule}, ${epoch.nEpochs} earlier epochs`], ["reference distance", epoch.referenceDistance && number(epoch.referenceDistance)],
      ["change", epoch.changedSnr && `S/N ${number(epoch.changedSnr, 1)}`], ["position", annotation.ra !== null && `${number(annotation.ra, 5)}°, ${number(annotation.dec, 5)}°`],
      ["MJD", annotation.mjd && annotation.mjd.toFixed(5)], ["magnitude", image.magnitude && number(image.magnitude)], ["seeing", image.seeing && `${number(image.seeing)}″`],
      ["annotated", annotation.annotateTime]])];
  if (annotation.classifications.length) {
    parts.push(make("h3", { textContent: "Networks" }), table(["network", "score", "false-positive rate", "image", "reason"],
      annotation.classifications.map((one) => [one.classifier, number(one.score, 3), number(one.fpr), one.inputImage, one.reason ?? ""])));
  }
  parts.push(make("h3", { textContent: `Epochs on this page: ${history.length}` }), drawHistory(history, origin),
    table(["epoch", "band", "MJD", "score", ""], history.map((one) => [make("a", { href: openAddress(one.origin), textContent: one.epochId }), one.band ?? "",
      one.mjd === null ? "" : one.mjd.toFixed(4), number(one.score), one.problematic ? "problematic" : ""])));
  for (const found of annotation.novelty) {
    parts.push(make("h3", { textContent: `Look-alikes of the ${found.inputImage} image` }),
      make("p", { className: "note", textContent: found.reason ?? `p-value ${number(found.pValue)}, distance ${number(found.distance)} to neighbour ${found.k}, index ${found.indexVersion ?? "–"}` }));
    if (found.neighbours.length) parts.push(table(["epoch", "distance", "image"], found.neighbours.map((one) => {
      const here = own(lookAlikes, one.id);
      return [here ? make("a", { href: openAddress(here), textContent: one.id }) : one.id, number(one.distance, 3),
        here ? picture({ origin: here, objectId: one.id }, "lazy") : ""];
    })));
  }
  if (hasIndex) {
    const section = make("section", { id: "look-alikes" }, make("h3", { textContent: "Look-alikes in the index" }));
    parts.push(section);
    showLookAlikes(origin, section);
  }
  parts.push(make("p", {}, make("a", { href: `packet?origin=${encodeURIComponent(origin)}`, textContent: "The packet (Avro)", download: "alert.avro" }),
    " · ", make("a", { href: `api/alert?origin=${encodeURIComponent(origin)}`, textContent: "the annotation (JSON)" })));
  $("alert-body").replaceChildren(...parts);
}

async function openAlert() {
  const origin = address().get("open");
  if (!origin) {
    if ($("alert").open) $("alert").close();
    return;
  }
  let answer;
  try {
    answer = await (await fetch(`api/alert?origin=${encodeURIComponent(origin)}`)).json();
  } catch (error) {
    answer = { error: `the page does not answer: ${error.message}` };
  }
  if (address().get("open") !== origin) return;
  if (answer.error) {
    $("alert-title").textContent = "Nothing to show";
    $("alert-body").replaceChildren(make("p", { textContent: answer.error }));
  } else {
    showAlert(origin, answer);
  }
  if (!$("alert").open) $("alert").showModal();
}

function visit() {
  $("where").value = address().get("where") ?? "";
  $("order").value = address().get("order") ?? "newest";
  refresh();
  openAlert();
}

function follow(event) {
  const link = event.target.closest?.("a[href^='?']");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.getAttribute("href"));
  visit();
}

function step(by) {
  const links = [...$("alerts").querySelectorAll("a")];
  const place = links.indexOf(document.activeElement);
  links[Math.min(Math.max(place + by, 0), links.length - 1)]?.focus();
}

function pause() {
  state.paused = !state.paused;
  $("pause").setAttribute("aria-pressed", state.paused);
  $("pause").textContent = state.paused ? "Go on" : "Pause";
  if (!state.paused) refresh();
}

document.addEventListener("click", follow);
document.addEventListener("keydown", (event) => {
  if (event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey || $("alert").open) return;
  const view = $("views").querySelectorAll("a")[Number(event.key) - 1];
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "/") { event.preventDefault(); $("where").focus(); }
  else if (event.key === "p") pause();
  else if (view) view.click();
});
$("filter").addEventListener("submit", (event) => event.preventDefault());
let typing = 0;
$("where").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => { go({ where: $("where").value.trim() }, false); refresh(); }, 250);
});
for (const name of ["survey", "order"]) $(name).addEventListener("change", () => { go({ [name]: $(name).value }); refresh(); });
$("pause").addEventListener("click", pause);
$("close").addEventListener("click", () => $("alert").close());
$("alert").addEventListener("close", () => { if (address().get("open")) go({ open: "" }); });
addEventListener("popstate", visit);
setInterval(() => { if (!state.paused && !document.hidden) refresh(); }, EVERY_MS);
visit();
