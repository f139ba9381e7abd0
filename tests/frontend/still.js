/** Returns the page's current state as HTML without scripts, so that another engine can draw it. Loaded by stills.py. */
() => {
  const still = document.documentElement.cloneNode(true);
  const here = [...document.querySelectorAll('input')];
  [...still.querySelectorAll('input')].forEach((copy, index) => {
    copy.setAttribute('value', here[index].value);
    copy.toggleAttribute('checked', here[index].checked);
    copy.removeAttribute('autofocus');
  });
  const late = document.querySelector('.late');
  if (late) still.querySelector('.late').style.cssText = `visibility: ${getComputedStyle(late).visibility}`;
  for (const node of still.querySelectorAll('script, iframe, noscript, link:not([rel="stylesheet"]), meta[http-equiv]')) node.remove();
  return '<!doctype html>' + still.outerHTML;
}
