package text

import (
	"strings"
	"unicode"

	"alakazaam/actors/p2p"
)

const (
	// maxFileName is the longest name that SafeFileName gives, in bytes. File systems take 255, and whoever stores a
	// download may want to put an ending behind it.
	maxFileName = 200
	// lastResort is the name of what has neither a name nor a usable fallback.
	lastResort = "file"
	// special are the characters that separate paths or that some file system refuses.
	special = `/\:*?"<>|`
)

// devices are the names that Windows keeps for devices, whatever their extension.
var devices = map[string]bool{
	"CON": true, "PRN": true, "AUX": true, "NUL": true, "CONIN$": true, "CONOUT$": true,
}

// SafeFileName gives a plain name under which to store a file that a stranger named n. It is not empty, valid UTF-8 of
// at most 200 bytes, has no path separator, control or invisible character, does not begin with a dot, a dash or a
// space nor end with a dot or a space, and is no device of Windows. What is not allowed becomes '_' or, at the ends, goes.
//
// Where nothing remains to tell the file by, the name is made from fallback in the same way. A name that is safe
// already stays as it is.
func SafeFileName(n p2p.FileName, fallback string) string {
	for _, s := range [...]string{string(n), fallback} {
		if name := safeName(s); strings.Trim(name, string(unknown)) != "" {
			return name
		}
	}
	return lastResort
}

func safeName(s string) string {
	s = replaceRunes(s, unknown, func(r rune) bool { return harmless(r) && !strings.ContainsRune(special, r) })
	s = strings.TrimLeftFunc(s, func(r rune) bool { return r == '-' || noEnd(r) })
	s = trimEnd(cutKeepingExtension(trimEnd(s), maxFileName))
	if reserved(s) { // which cutting may have made it
		s = trimEnd(cutKeepingExtension(string(unknown)+s, maxFileName))
	}
	return s
}

func trimEnd(s string) string { return strings.TrimRightFunc(s, noEnd) }

// noEnd says whether r is no good at either end of a file name: dots hide files or mean directories, Windows drops dots
// and spaces at the end, and spaces and joiners cannot be seen there.
func noEnd(r rune) bool {
	return r == '.' || r == zeroWidthJoiner || r == zeroWidthNonJoiner || unicode.IsSpace(r)
}

// reserved says whether Windows takes the name for one of its devices: by what stands before the first dot, with
// superscript digits counting as digits.
func reserved(s string) bool {
	stem, _, _ := strings.Cut(s, ".")
	stem = strings.ToUpper(ASCII(strings.TrimSpace(stem)))
	if devices[stem] {
		return true
	}
	port, numbered := strings.CutPrefix(stem, "COM")
	if !numbered {
		port, numbered = strings.CutPrefix(stem, "LPT")
	}
	return numbered && len(port) == 1 && port[0] >= '0' && port[0] <= '9'
}
