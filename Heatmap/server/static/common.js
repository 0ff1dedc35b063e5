"use strict";

/** What the pages share: asking, choosing, colours, numbers. */
const page = (() => {
  const COLOURS = { long: "#d9024b", short: "#45bf87", third: "#f0b90b" };
  const PAGES = [
    ["/", "index"],
    ["/heatmap.html", "heatmap"],
    ["/liquidation_map.html", "map"],
    ["/historical_liquidations.html", "history"],
    ["/docs", "docs"],
  ];
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const parameters = new URLSearchParams(location.search);

  /** @param {string} path @param {Object} asked @returns {Promise<any>} what the server answers */
  async function ask(path, asked = {}) {
    // Not relative: an address with a password in it is no base for `fetch`.
    const answer = await fetch(`${location.origin}${path}?${new URLSearchParams(asked)}`);
    const plain = await answer.json();
    if (!answer.ok) {
      const error = new Error(plain.detail || answer.statusText);
      throw Object.assign(error, { isAnswer: true, mayChange: answer.status >= 500 });
    }
    return plain;
  }

  /** @param {any} error @returns {string} what the server said, or that it said nothing */
  function reason(error) {
    return error.isAnswer ? error.message : WORDS.failed(error.message);
  }

  /** @returns {"dark" | "light"} as the browser asks */
  function theme() {
    return dark.matches ? "dark" : "light";
  }

  /** @param {() => void} then called when the browser asks for another ground */
  function onTheme(then) {
    dark.addEventListener("change", then);
  }

  /** @param {string} name of a colour in page.css @returns {string} */
  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  }

  /** Put the links to all pages on top. */
  function addLinks() {
    const nav = document.querySelector("nav");
    for (const [path, name] of PAGES) {
      const link = document.createElement("a");
      link.href = path;
      link.textContent = WORDS.nav[name];
      if (path === location.pathname) {
        link.setAttribute("aria-current", "page");
      }
      nav.append(link);
    }
    const badge = document.createElement("strong");
    badge.id = "kind";
    badge.hidden = true;
    nav.append(badge);
  }

  /** Say on top of the page that its data are not the market's. @param {string} kind of the data */
  function tellKind(kind) {
    const badge = document.getElementById("kind");
    badge.textContent = WORDS.kinds[kind] || "";
    badge.title = WORDS.kindWords[kind] || "";
    badge.hidden = badge.textContent === "";
  }

  /**
   * Fill a choice; what the address says is chosen, and what is chosen the address says.
   * @param {string} name of the select and of the parameter
   * @param {[string, string][]} options value and words of each
   * @param {string} usual value that is chosen where the address names none
   * @param {() => void} onChange
   */
  function choice(name, options, usual, onChange) {
    const select = document.getElementById(name);
    select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
    const values = options.map(([value]) => value);
    const wanted = parameters.get(name);
    const known = wanted === null ? undefined : values.find((one) => plain(one) === plain(wanted));
    select.value = known ?? (values.includes(usual) ? usual : values[0]);
    const isKnown = wanted === null || known !== undefined;
    notice(name, isKnown ? "" : WORDS.unknown(name, shortened(name, wanted), select.value));
    select.onchange = () => {
      notice(name, "");
      choose(name, select.value);
      onChange();
    };
  }

  /** @param {string} text @returns {string} the same for `BTC/USDT` and `btcusdt` */
  function plain(text) {
    return text.replace("/", "").toLowerCase();
  }

  /** @returns {string} what was wanted, as it is written */
  function shortened(name, wanted) {
    const short = wanted.slice(0, 40);
    return name === "symbol" ? short.toUpperCase() : short;
  }

  /** What has to be read before the picture. @type {Map<string, string>} */
  const notices = new Map();

  /** @param {string} about another one about the same goes @param {string} words empty: none */
  function notice(about, words) {
    notices.set(about, words);
    const place = document.getElementById("notice");
    const lines = [...notices.values()].filter((one) => one !== "");
    place.replaceChildren(...lines.map((one) => made("p", one)));
    place.hidden = lines.length === 0;
  }

  /** @param {[string, string, string?][]} facts name, amount, and what belongs to it */
  function tellFacts(facts) {
    const place = document.getElementById("facts");
    place.replaceChildren(...facts.map(([name, amount, more]) => {
      const fact = made("div", "");
      fact.append(made("dt", name), made("dd", amount));
      if (more) {
        fact.append(made("dd", more, "faint"));
      }
      return fact;
    }));
  }

  /** @param {string} tag @param {string} text @param {string} [name] its class */
  function made(tag, text, name = "") {
    const element = document.createElement(tag);
    element.textContent = text;
    element.className = name;
    return element;
  }

  /** @param {string} name @param {string} value the address says it from now on */
  function choose(name, value) {
    document.getElementById(name).value = value;
    parameters.set(name, value);
    history.replaceState(null, "", `?${parameters}`);
  }

  /** @param {string} name @returns {string} what is chosen */
  function chosen(name) {
    return document.getElementById(name).value;
  }

  /** @returns {Promise<[string, string][]>} the symbols there are */
  async function symbols() {
    const { symbols: found } = await ask("/health");
    return found.map((one) => [one, one]);
  }

  /** @param {string} words @param {boolean} isFault */
  function say(words, isFault = false) {
    const place = document.getElementById("state");
    place.textContent = words;
    place.classList.toggle("fault", isFault);
  }

  /** @param {number} amount @returns {string} such as $1.25M; a B is a thousand M, a T a thousand B */
  function usd(amount) {
    const units = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "k"]];
    // What would be rounded up to a thousand is written in the next unit.
    const [size, unit] = units.find(([one]) => amount >= one * 0.9995) || [1, ""];
    const value = amount / size;
    return `$${value.toLocaleString("en", { maximumSignificantDigits: unit ? 3 : 2 })}${unit}`;
  }

  /** @param {number} price @returns {string} grouped, to six digits */
  function priceText(price) {
    return price.toLocaleString("en", { maximumSignificantDigits: 6 });
  }

  /** @param {number} share 0 to 1 @returns {string} percent; never 100 where anything is missing */
  function percent(share) {
    return `${(Math.floor(share * 1000 + 1e-6) / 10).toLocaleString("en")} %`;
  }

  /** @param {number} ms @returns {string} UTC, to the minute */
  function minuteText(ms) {
    return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  }

  return {
    COLOURS, ask, reason, theme, onTheme, colour, addLinks, tellKind, choice, choose, chosen, notice,
    tellFacts, made, symbols, say, usd, priceText, percent, minuteText,
  };
})();

page.addLinks();
