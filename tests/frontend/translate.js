/** Replaces the page's texts by the texts of another language, without other changes. Loaded by stills.py.
 *  `pairs` are [text, translation] with {names}. Returns the texts that match no pair. */
(pairs, language) => {
  document.documentElement.lang = language;
  const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const rules = pairs.map(([text, translation]) => {
    const names = [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]);
    return [new RegExp(`^${escape(text).replace(/\\\{\w+\\\}/g, '(.+?)')}$`, 's'), translation, names];
  });
  const left = [];
  const translated = (text) => {
    const core = text.trim();
    for (const [rule, translation, names] of rules) {
      const found = rule.exec(core);
      if (!found) continue;
      return text.replace(core, () => translation.replace(/\{(\w+)\}/g, (_, name) => found[names.indexOf(name) + 1]));
    }
    left.push(core);
    return text;
  };
  const walker = document.createTreeWalker(document.querySelector('.page'), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) if (walker.currentNode.data.trim()) walker.currentNode.data = translated(walker.currentNode.data);
  return left;
}
