package text_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

func TestDisplay(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "my song.mp3", "my song.mp3"},
		{"letters of all scripts", "perché Привет 日本 🎵", "perché Привет 日本 🎵"},
		{"escape sequence", "a\x1b[2Jb", "a\ufffd[2Jb"},
		{"line feed, carriage return, bell, NUL, delete", "a\nb\rc\ad\x00e\x7f", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd"},
		{"C1: CSI in one character", "a\u009b2Jb", "a\ufffd2Jb"},
		{"override", "exe.\u202e3pm.scr", "exe.\ufffd3pm.scr"},
		{"isolates and marks", "\u2066a\u2069\u200e\u200f\u061c", "\ufffda\ufffd\ufffd\ufffd\ufffd"},
		{"line and paragraph separator", "a\u2028b\u2029", "a\ufffdb\ufffd"},
		{"zero width space, byte order mark", "a\u200bb\ufeff", "a\ufffdb\ufffd"},
		{"joiners stay", "👩\u200d🎤 می\u200cخواهم", "👩\u200d🎤 می\u200cخواهم"},
		{"tags, private use", "a\U000e0041b\ue000", "a\ufffdb\ufffd"},
		{"not UTF-8", "a\xffb\xe9", "a\ufffdb\ufffd"},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, text.Display(tc.in)) })
	}
}

func TestSafeFileName(t *testing.T) {
	const fallback = "5ac4104342"
	for _, tc := range []struct{ name, in, want string }{
		{"plain", "My Song (live) [1] 100%.mp3", "My Song (live) [1] 100%.mp3"},
		{"letters of all scripts", "perché Привет 日本 🎵.txt", "perché Привет 日本 🎵.txt"},
		{"up and away", "../../etc/passwd", "_.._etc_passwd"},
		{"absolute", "/etc/passwd", "_etc_passwd"},
		{"absolute in Windows", `C:\Windows\system32\evil.dll`, "C__Windows_system32_evil.dll"},
		{"stream in Windows", "a.txt:evil", "a.txt_evil"},
		{"this directory", ".", fallback},
		{"the one above", "..", fallback},
		{"more dots", ".....", fallback},
		{"empty", "", fallback},
		{"spaces", "   ", fallback},
		{"only separators", "///", fallback},
		{"hidden", ".bashrc", "bashrc"},
		{"an option", "-rf", "rf"},
		{"an option behind spaces", " - --help", "help"},
		{"dots and spaces at the end", "evil.exe . . ", "evil.exe"},
		{"NUL", "a.txt\x00.exe", "a.txt_.exe"},
		{"controls", "a\nb\x1b[31m.txt", "a_b_[31m.txt"},
		{"override", "exe.\u202egpj.scr", "exe._gpj.scr"},
		{"invisible all of it", "\u200d\u200c", fallback},
		{"not UTF-8", "perch\xe9.txt", "perch_.txt"},
		{"wildcards and redirections", `a*b?"c"<d>|e`, "a_b__c__d__e"},
		{"device", "CON", "_CON"},
		{"device, small", "nul", "_nul"},
		{"device with extension", "aux.mp3", "_aux.mp3"},
		{"device with two", "LPT1.tar.gz", "_LPT1.tar.gz"},
		{"device and a space", "prn .txt", "_prn .txt"},
		{"device with a superscript", "COM¹.txt", "_COM¹.txt"},
		{"no device", "COM10.txt", "COM10.txt"},
		{"no device either", "console.txt", "console.txt"},
		{"separators that are none", "a∕b／c.txt", "a∕b／c.txt"},
		{"too long", strings.Repeat("é", 150) + ".mp3", strings.Repeat("é", 98) + ".mp3"},
		{"too long, no extension", strings.Repeat("日", 80), strings.Repeat("日", 66)},
		{"device with a long tail", "con." + strings.Repeat("x", 300), "_con." + strings.Repeat("x", 195)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := text.SafeFileName(p2p.FileName(tc.in), fallback)
			require.Equal(t, tc.want, got)
			requireSafe(t, got)
		})
	}
}

func TestSafeFileNameFallsBackSafely(t *testing.T) {
	require.Equal(t, "_evil", text.SafeFileName("..", "../evil"))
	require.Equal(t, "file", text.SafeFileName("..", "/"))
	require.Equal(t, "file", text.SafeFileName("", ""))
}

func FuzzSafeFileName(f *testing.F) {
	for _, s := range []string{
		"", "..", "../a", `..\a`, "a/../b", "con", "com1.x", "\x00", "-", "a. .", "\u202e", "\xff/", "\u200d.\u200d",
		strings.Repeat("a", 300) + ".b", strings.Repeat("½", 100), " .-_", "nul" + strings.Repeat(" ", 250) + ".",
		"nul" + strings.Repeat(" ", 216) + "\x7f\xff" + strings.Repeat(" ", 30) + ".",
	} {
		f.Add(s, "0123456789abcdef0123456789abcdef")
	}
	f.Fuzz(func(t *testing.T, name, fallback string) {
		safe := text.SafeFileName(p2p.FileName(name), fallback)
		requireSafe(t, safe)
		require.Equal(t, safe, text.SafeFileName(p2p.FileName(safe), "other"), "what is safe stays")
	})
}

// requireSafe holds a name against what SafeFileName promises.
func requireSafe(t *testing.T, name string) {
	t.Helper()
	require.NotEmpty(t, name)
	require.LessOrEqual(t, len(name), 200)
	require.True(t, utf8.ValidString(name), "%q", name)
	require.False(t, strings.ContainsAny(name, "/\\:*?\"<>|\x00"), "%q", name)
	require.Equal(t, filepath.Join("dir", name), filepath.Join("dir", filepath.Base(name)), "%q", name)
	require.True(t, filepath.IsLocal(name), "%q", name)
	require.False(t, strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-"), "%q", name)
	require.False(t, strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "), "%q", name)
	require.Equal(t, name, strings.TrimSpace(name))
	require.Equal(t, name, text.Display(name), "nothing in it has to be hidden")
	require.NotContains(t, []string{"con", "prn", "aux", "nul"}, strings.ToLower(strings.Split(name, ".")[0]))
	for _, r := range name {
		require.False(t, unicode.IsControl(r), "%q", name)
	}
}
