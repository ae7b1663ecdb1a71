/**
 * Chooses the language of a page before anything of it is drawn: what the reader chose here, or what their
 * browser asks for. A classic script, which the server writes into the head of every page, with the address of
 * each catalogue in its `data-…`.
 */
{
  const { dataset } = /** @type {HTMLScriptElement} */ (document.currentScript);
  const root = document.documentElement;
  const known = (/** @type {string | null} */ tag) => {
    const language = (tag ?? "").toLowerCase().split("-")[0] ?? "";
    return language === "en" || language in dataset ? language : "";
  };
  let kept = "";
  try {
    kept = known(localStorage.getItem("showcaller:language"));
  } catch {
    // Where storage is not allowed the browser's languages count.
  }
  const asked = known(new URLSearchParams(location.search).get("lang"));
  const language = asked || kept || navigator.languages.map(known).find(Boolean) || "en";
  const words = dataset[language];
  root.lang = language;
  if (words) {
    root.dir = ["ar", "fa", "he", "ur"].includes(language) ? "rtl" : "ltr";
    root.dataset.words = words;
    const ahead = document.createElement("link");
    Object.assign(ahead, { rel: "preload", as: "fetch", href: words, crossOrigin: "anonymous" });
    document.head.append(ahead);
    setTimeout(() => delete root.dataset.words, 5000); // then the page shows what there is
  }
}
