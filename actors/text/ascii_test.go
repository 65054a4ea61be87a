package text_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

func TestASCII(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain stays", "My Song_[1] 100%.mp3", "My Song_[1] 100%.mp3"},
		{"accents come off", "perché no.txt", "perche no.txt"},
		{"capitals too", "ÀÉÎÕÜŞČ", "AEIOUSC"},
		{"decomposed", "perche\u0301 no.txt", "perche no.txt"},
		{"spelled out", "Straße æøå Œuvre łódź đ þ ð ı", "Strasse aeoa OEuvre lodz d th d i"},
		{"capital sharp s", "STRAẞE", "STRASSE"},
		{"compatibility", "ﬁnal Ⅳ ² ＡＢＣ …", "final IV 2 ABC ..."},
		{"special spaces", "a\u00a0b\u3000c", "a b c"},
		{"no likeness: one a character", "Привет.mp3", "______.mp3"},
		{"hangul by its letters", "가.txt", "__.txt"},
		{"emoji", "ok 👍.txt", "ok _.txt"},
		{"controls", "a\x00b\tc\x1bd\x7fe\u0085f", "a_b_c_d_e_f"},
		{"not UTF-8: one a byte", "perch\xe9 \xff\xfe.txt", "perch_ __.txt"},
		{"bad byte next to an accent", "\xe9é\xe9", "_e_"},
		{"the replacement character itself", "a\ufffdb", "a_b"},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, text.ASCII(tc.in)) })
	}
}

func TestASCIIName(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"plain stays", "My Song.mp3", "My Song.mp3"},
		{"accents", "perché no.txt", "perche no.txt"},
		{"full width stays", strings.Repeat("a", 96) + ".mp3", strings.Repeat("a", 96) + ".mp3"},
		{"grown: cut before the extension", strings.Repeat("½", 49) + "é", strings.Repeat("1_2", 34)[:100]},
		{"grown, with extension", strings.Repeat("½", 46) + ".jpeg", strings.Repeat("1_2", 32)[:95] + ".jpeg"},
		{"what looks like an extension but is too long", strings.Repeat("½", 40) + ".not a real extension",
			(strings.Repeat("1_2", 40) + ".not")[:100]},
		{"spaces at the ends go", "\u00a0x.txt\u3000", "x.txt"},
		{"nothing left", "\u0301", "_"},
		{"only spaces left", "\u00a0", "_"},
		{"empty", "", "_"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, string(text.ASCIIName(p2p.FileName(tc.in))))
		})
	}
}

func TestASCIINameIsAlwaysValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := text.ASCIIName(p2p.FileName(anyBytes.Draw(t, "name")))
		again, err := p2p.NewFileName(string(name))
		require.NoError(t, err)
		require.Equal(t, again, name, "a file name by the rules of p2p")
		require.Equal(t, name, text.ASCIIName(name), "folding twice changes nothing")
		for _, c := range []byte(name) {
			require.True(t, c >= ' ' && c <= '~', "%q", name)
		}
	})
}

// anyBytes are strings as strangers send them: text, and bytes that are none.
var anyBytes = rapid.OneOf(
	rapid.String(),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 250), func(b []byte) string { return string(b) }),
	rapid.StringOfN(rapid.SampledFrom([]rune("aA.é-/\\_ ½\u0301\u200d\u202e:%*ΣσςCON1")), 0, 250, -1),
)

func BenchmarkASCIIName(b *testing.B) {
	for _, name := range []p2p.FileName{"plain song.mp3", "perché no.txt"} {
		b.Run(string(name), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				text.ASCIIName(name)
			}
		})
	}
}
