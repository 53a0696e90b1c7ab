"use strict";
const list = document.getElementById("cards");
const order = document.getElementById("order");
const words = document.getElementById("words");
const marked = document.getElementById("marked");
const cards = [...list.children].map((card, place) => ({
  card, place, values: JSON.parse(card.dataset.values), text: card.textContent.toLowerCase(),
}));

// What nobody knows comes last, whichever way the rest is sorted.
for (const option of [...order.options]) {
  if (cards.every(one => one.values[option.value] === null)) option.remove();
}

function sort() {
  const option = order.selectedOptions[0];
  if (!option) return;
  const sign = option.dataset.ascending === "1" ? 1 : -1;
  const value = one => one.values[option.value];
  cards.sort((a, b) => (value(a) === null) - (value(b) === null) || sign * (value(a) - value(b)) || a.place - b.place);
  list.append(...cards.map(one => one.card));
}

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/);
  let shown = 0;
  for (const { card, text } of cards) {
    const passes = wanted.every(word => text.includes(word)) && (!marked.checked || card.classList.contains("marked"));
    card.hidden = !passes;
    shown += passes;
  }
  document.getElementById("shown").textContent = `${shown} of ${cards.length} shown`;
}

order.addEventListener("change", sort);
words.addEventListener("input", filter);
marked.addEventListener("change", filter);
document.getElementById("controls").addEventListener("submit", event => event.preventDefault());
marked.parentElement.hidden = !cards.some(one => one.card.classList.contains("marked"));
order.parentElement.hidden = order.options.length === 0;
document.getElementById("controls").hidden = false;
sort();
filter();
