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
      throw new Error(plain.detail || answer.statusText);
    }
    return plain;
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
    select.value = values.includes(wanted) ? wanted : values.includes(usual) ? usual : values[0];
    select.onchange = () => {
      choose(name, select.value);
      onChange();
    };
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

  /** @param {number} ms @returns {string} UTC, to the minute */
  function minuteText(ms) {
    return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
  }

  return {
    COLOURS, ask, theme, onTheme, colour, addLinks, choice, choose, chosen, symbols, say, minuteText,
  };
})();

page.addLinks();
