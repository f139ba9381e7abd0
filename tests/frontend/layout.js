/** Finds layout faults in the page's current state, from the boxes of its elements. Loaded by layout.py. */
() => {
  const faults = [];
  const root = document.documentElement;
  const width = root.clientWidth;
  const name = (node) => `${node.tagName.toLowerCase()}.${node.className.baseVal ?? node.className} "${node.textContent.trim().slice(0, 30)}"`;
  const visible = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && node.getBoundingClientRect().width > 1;

  if (root.scrollWidth > width) faults.push('the page scrolls sideways');
  const nodes = [...document.querySelectorAll('.page *')].filter(visible);
  for (const node of nodes) {
    const box = node.getBoundingClientRect();
    if (box.left < 0 || box.right > width + 0.5) faults.push(`sticks out: ${name(node)}`);
    const hides = getComputedStyle(node).overflowX !== 'visible' && node.tagName !== 'INPUT';
    const leaks = node.matches('.button, .link, .inside, .chips li, label, p, dd, h1');
    if ((hides || leaks) && (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 2) && node.clientWidth)
      if (getComputedStyle(node).display !== 'inline') faults.push(`cut: ${name(node)}`);
  }

  // WCAG 2.2, 2.5.8 requires 24 px; our targets have 44 px, for thumbs
  for (const node of document.querySelectorAll('a, button, summary, label:has(input), .field input')) {
    if (!visible(node)) continue;
    const box = node.getBoundingClientRect();
    if (box.height < 44 && !node.closest('.captcha')) faults.push(`small: ${name(node)} ${box.height}`);
    if ((box.height < 24 || box.width < 24) && !node.closest('.captcha')) faults.push(`too small: ${name(node)}`);
  }

  // an empty element must not take a row, because the row would double the space between its neighbours
  for (const node of document.querySelectorAll('#view > :empty'))
    if (node.getBoundingClientRect().height < 1 && !node.matches('#countdown') && getComputedStyle(node).position === 'static' && node.checkVisibility())
      faults.push(`empty: ${name(node)}`);

  // one letter alone at the end of a line, as in "E-" of "E-Mail"
  for (const node of nodes) {
    for (const child of node.childNodes) {
      if (child.nodeType !== Node.TEXT_NODE) continue;
      for (const { index } of child.data.matchAll(/(?<=\b\p{L})-(?=\p{L})/gu)) {
        const [before, after] = [index - 1, index + 1].map((at) => {
          const range = document.createRange();
          range.setStart(child, at);
          range.setEnd(child, at + 1);
          return range.getBoundingClientRect();
        });
        if (before.bottom <= after.top + 1) faults.push(`broken after one letter: ${name(node)}`);
      }
    }
  }

  // leaves: visible content, without the elements that contain it
  const leaves = [];
  for (const node of nodes) {
    if (node.matches('a, button, input, svg, img, progress, .avatar, .bone')) leaves.push([node, [node.getBoundingClientRect()]]);
    else for (const child of node.childNodes) {
      if (child.nodeType !== Node.TEXT_NODE || !child.data.trim() || node.closest('a, button, .avatar, .heard')) continue;
      const range = document.createRange();
      range.selectNodeContents(child);
      leaves.push([node, [...range.getClientRects()]]);
    }
  }
  const stuck = document.getElementById('alert');
  leaves.forEach(([one, boxes], index) => {
    for (const [other, others] of leaves.slice(index + 1)) {
      if (one === other || one.contains(other) || other.contains(one) || stuck.contains(one) !== stuck.contains(other)) continue;
      const meet = boxes.some((a) => others.some((b) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1));
      if (meet) faults.push(`overlap: ${name(one)} and ${name(other)}`);
    }
  });
  return faults;
}
