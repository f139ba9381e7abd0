// What web/static_files.py makes of a catalogue: the words of the first view.
import type catalogue from '../../../frontend/texts/en.json';

export const texts: (typeof catalogue)['first'];
