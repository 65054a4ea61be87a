package text

import "unicode/utf8"

// Display makes s safe to print on a terminal or into a log: what could move the cursor, turn the direction of the
// text or hide in it becomes '\uFFFD', one for each character or byte that is not UTF-8.
func Display(s string) string {
	if isPlain(s) {
		return s
	}
	return replaceRunes(s, utf8.RuneError, harmless)
}
