package p2p

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// TextLen is the width of a search text in bytes.
	TextLen = 20
	// NameLen is the width of a file name in bytes.
	NameLen = 100
)

// SearchText is what a search looks for, without the spaces around it: at most 20 bytes. The zero value is the empty
// text.
type SearchText struct {
	b [TextLen]byte
	n uint8
}

// NewSearchText trims s and checks that it fits into the field.
func NewSearchText(s string) (SearchText, error) { return ParseSearchText([]byte(s)) }

// ParseSearchText is NewSearchText for bytes.
func ParseSearchText(b []byte) (SearchText, error) {
	b = bytes.Trim(b, " ")
	if len(b) > TextLen {
		return SearchText{}, fmt.Errorf("%q has %d bytes: %w", b, len(b), ErrText)
	}
	var t SearchText
	t.n = uint8(copy(t.b[:], b))
	return t, nil
}

// String gives the text as it came, trimmed.
func (t SearchText) String() string { return string(t.b[:t.n]) }

// Append adds the text to dst, padded with spaces on the right.
func (t SearchText) Append(dst []byte) []byte {
	return append(append(dst, t.b[:t.n]...), strings.Repeat(" ", TextLen-int(t.n))...)
}

// FileName is the name of a published file: 1 to 100 bytes without spaces around them. The bytes are the publisher's
// and may be anything; what shows or stores them has to clean them first.
type FileName string

// NewFileName trims s, cuts it to 100 bytes at a character's edge, and refuses what is empty then.
func NewFileName(s string) (FileName, error) {
	s = strings.Trim(CutText(strings.Trim(s, " "), NameLen), " ")
	if s == "" {
		return "", ErrName
	}
	return FileName(s), nil
}

// CutText shortens s to at most n bytes without leaving half a character at its end.
func CutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for back := 0; back < utf8.UTFMax && back <= n; back++ {
		if utf8.RuneStart(s[n-back]) {
			return s[:n-back]
		}
	}
	return s[:n] // not UTF-8, so there is no character to save
}

// Append adds the name to dst, padded with spaces on the right.
func (f FileName) Append(dst []byte) []byte {
	return append(append(dst, f...), strings.Repeat(" ", NameLen-len(f))...)
}
