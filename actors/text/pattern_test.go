package text_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
)

func patternOf(t require.TestingT, s string) text.Pattern {
	search, err := p2p.NewSearchText(s)
	require.NoError(t, err)
	return text.NewPattern(search)
}

func TestPatternMatches(t *testing.T) {
	for _, tc := range []struct {
		rule, search, name string
		want               bool
	}{
		{"substring", "song", "my song.mp3", true},
		{"substring at the front", "my", "my song.mp3", true},
		{"substring at the end", ".mp3", "my song.mp3", true},
		{"the whole name", "my song.mp3", "my song.mp3", true},
		{"not in it", "sing", "my song.mp3", false},
		{"longer than the name", "my song.mp3.exe", "my song.mp3", false},
		{"case of the text", "SONG", "my song.mp3", true},
		{"case of the name", "song", "My SONG.mp3", true},
		{"case above 127", "PERCHÉ", "perché no.txt", true},
		{"case above 127, of the name", "perché", "PERCHÉ NO.TXT", true},
		{"final sigma", "ΟΔΟΣ", "οδος.txt", true},
		{"without its accent", "perche", "perché no.txt", true},
		{"with an accent that is not there", "perché", "perche no.txt", true},
		{"another accent", "perchè", "PERCHÉ NO.txt", true},
		{"an accent apart from its letter", "perche\u0301", "perché no.txt", true},
		{"an accent apart in the name", "perché", "PERCHE\u0301 no.txt", true},
		{"an accent alone is looked for as it is", "\u0301", "perché no.txt", false},
		{"an accent alone, found", "\u0301", "perche\u0301 no.txt", true},
		{"spelled out", "strasse", "Die Straße.mp3", true},
		{"written with one letter", "STRAẞE", "die strasse.mp3", true},
		{"letters with a stroke", "lodz", "Łódź.txt", true},
		{"a ligature", "final", "ﬁnal cut.avi", true},
		{"wide letters", "abc", "ＡＢＣ.txt", true},
		{"greek accents", "αθηνα", "Αθήνα.mp3", true},
		{"cyrillic accents", "елка", "Ёлка.mp3", true},
		{"a voiced kana", "が", "か.mp3", false},
		{"a voiced kana apart from its mark", "が", "か\u3099.mp3", true},
		{"the beginning of a syllable of hangul", "가", "각.mp3", true},
		{"a syllable of hangul by its letters", "각", "\u1100\u1161\u11a8.mp3", true},
		{"another syllable", "각", "간.mp3", false},
		{"letters of the second plane", "abc", "\U0001d400\U0001d401\U0001d402.mp3", true},
		{"a vowel of another script stays", "क", "कि.mp3", true},
		{"and is looked for", "कि", "का.mp3", false},
		{"a text that ends within a character", "perch\xc3", "perché no.txt", true},
		{"accents among bytes that are not UTF-8", "perche", "\xff perché.txt", true},
		{"spaces around the text", "  song  ", "my song.mp3", true},
		{"spaces within the text", "y s", "my song.mp3", true},
		{"spaces within the text count", "my  song", "my song.mp3", false},
		{"star alone", "*", "anything", true},
		{"star with spaces", " * ", "anything", true},
		{"star with more is a character", "*.mp3", "my song.mp3", false},
		{"star with more is a character, found", "*.mp3", "all *.mp3", true},
		{"two stars are characters", "**", "anything", false},
		{"empty", "", "anything", true},
		{"only spaces", "    ", "anything", true},
		{"wrapped", "%song%", "my song.mp3", true},
		{"wrapped, not in it", "%sing%", "my song.mp3", false},
		{"wrapped, with spaces", "% song %", "my_song.mp3", true},
		{"wrapped star", "%*%", "anything", true},
		{"wrapped nothing", "%%", "anything", true},
		{"wrapped twice: one comes off", "%%50%%", "50% off", false},
		{"wrapped twice: one comes off, found", "%%50%%", "a %50% b", true},
		{"percent alone", "%", "anything", false},
		{"percent alone, found", "%", "100%.txt", true},
		{"percent in front only", "%song", "my song.mp3", false},
		{"percent at the end only", "50%", "50% off", true},
		{"percent within", "a%b", "a long b", false},
		{"underscore is a character", "my_song", "my song.mp3", false},
		{"dot is a character", "my.song", "my song.mp3", false},
		{"brackets are characters", "[ms]", "my song.mp3", false},
		{"brackets are characters, found", "[live]", "My Song [Live].mp3", true},
		{"question mark is a character", "m?", "my song.mp3", false},
		{"backslash is a character", `\`, "my song.mp3", false},
		{"bytes that are not UTF-8", "perch\xe9", "PERCH\xe9.txt", true},
		{"bytes that are not UTF-8, other ones", "perch\xe8", "perch\xe9.txt", false},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			p := patternOf(t, tc.search)
			require.Equal(t, tc.want, p.Matches(p2p.FileName(tc.name)))
			if tc.want {
				require.True(t, p.MatchesFolded(p2p.FileName(tc.name)), "what matches matches folded")
			}
		})
	}
}

func TestPatternMatchesFolded(t *testing.T) {
	for _, tc := range []struct {
		rule, search, name string
		want               bool
	}{
		{"our fold of the name", "perché", "perche no.txt", true},
		{"a fold that knows no accents", "perché", "perch_ no.txt", true},
		{"a fold that keeps the mark apart", "perche\u0301", "perche_ no.txt", true},
		{"a fold that drops the mark", "perche\u0301", "PERCHE no.txt", true},
		{"spelled out", "straße", "Strasse.txt", true},
		{"spelled out by one", "straße", "stra_e.txt", true},
		{"no likeness", "привет", "______.mp3", true},
		{"no likeness, too short", "привет", "_____.mp3", false},
		{"text in ASCII, name with an accent", "perche", "perché no.txt", true},
		{"a '_' is not a character of ASCII", "song", "my s_ng.mp3", false},
		{"nor where another one is above 127", "sông", "m_ son_.mp3", false},
		{"a letter that is not it", "perché", "percha no.txt", false},
		{"bytes that are not UTF-8", "perch\xe9", "perch_ no.txt", true},
		{"not at all", "perché", "altro.txt", false},
		{"many ways, none of them", strings.Repeat("\u0301", 9) + "x", strings.Repeat("_", 100), false},
		{"many ways", strings.Repeat("\u0301", 9) + "x", strings.Repeat("_", 5) + "x", true},
		{"many bytes that are not UTF-8", strings.Repeat("\xff", 19) + "x", strings.Repeat("_", 100), false},
		{"a ligature of words", strings.Repeat("ﷺ", 6), strings.Repeat("_", 100), true},
	} {
		t.Run(tc.rule, func(t *testing.T) {
			require.Equal(t, tc.want, patternOf(t, tc.search).MatchesFolded(p2p.FileName(tc.name)))
		})
	}
}

// A supernode that folds as we do sends the AQUE with the folded name; the search that it answers must take it.
func TestMatchesFoldedTakesEveryFoldOfAMatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.SampledFrom([]rune("abAB é½ßΣ.ж\u0301")), 1, 20, 60).Draw(t, "name")
		runes := []rune(name)
		from := rapid.IntRange(0, len(runes)-1).Draw(t, "from")
		to := rapid.IntRange(from+1, len(runes)).Draw(t, "to")
		search := strings.Trim(string(runes[from:to]), " ")
		if len(search) > p2p.TextLen || strings.Trim(text.ASCII(search), " ") == "" {
			t.Skip("no search text")
		}
		p := patternOf(t, search)
		require.True(t, p.Matches(p2p.FileName(name)))
		require.True(t, p.MatchesFolded(p2p.FileName(text.ASCII(name))), "%q in %q", search, text.ASCII(name))
	})
}

// lowered and folded are the forms of a name.
func lowered(name string) string {
	var f text.Forms
	f.Of([]byte(name))
	return string(f.Lowered())
}

func folded(name string) string {
	var f text.Forms
	f.Of([]byte(name))
	if f.Folded() == nil {
		return string(f.Lowered())
	}
	return string(f.Folded())
}

// Folding twice changes nothing, and neither does another case before it.
func TestFolded(t *testing.T) {
	for r := rune(0); r < 0x20000; r++ {
		once := folded(string(r))
		if again := folded(once); again != once {
			t.Fatalf("%U: %q, and folded again %q", r, once, again)
		}
		if lower := folded(lowered(string(r))); lower != once {
			t.Fatalf("%U: %q, and lowered before %q", r, once, lower)
		}
	}
}

// What a name contains is found in it, whatever its bytes and those around it are.
func TestEveryPartMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("aA \xcc\x81\xc3\x89\xe1\x84\x80"))), 1, p2p.NameLen).Draw(t, "name")
		from := rapid.IntRange(0, len(name)-1).Draw(t, "from")
		part := string(name[from:min(len(name), from+rapid.IntRange(1, p2p.TextLen).Draw(t, "length"))])
		if strings.Trim(part, " %*") == "" || strings.HasPrefix(part, "%") {
			t.Skip("these mean something else")
		}
		require.True(t, patternOf(t, part).Matches(p2p.FileName(name)), "%q in %q", part, name)
	})
}

func TestLower(t *testing.T) {
	for in, want := range map[string]string{
		"":                "",
		"my song.mp3":     "my song.mp3",
		"My Song.MP3":     "my song.mp3",
		"PERCHÉ":          "perché",
		"ΟΔΟΣ οδος":       "οδοσ οδοσ",
		"\xe9É\xff":       "\xe9é\xff",
		"\u212A (kelvin)": "k (kelvin)",
	} {
		require.Equal(t, want, lowered(in))
	}
}

// Two characters that differ in case only have one lower form, and lowering twice changes nothing.
func TestLowerJoinsEveryCase(t *testing.T) {
	for r := rune(0); r < 0x20000; r++ { // no script above has two cases
		lower := lowered(string(r))
		if again := lowered(lower); again != lower {
			t.Fatalf("%U: %q, and lowered again %q", r, lower, again)
		}
		for f := unicode.SimpleFold(r); f > r; f = unicode.SimpleFold(f) {
			if lowered(string(f)) != lower {
				t.Fatalf("%U and %U: %q and %q", r, f, lower, lowered(string(f)))
			}
		}
	}
}

func BenchmarkPattern(b *testing.B) {
	names := make([]p2p.FileName, 10_000)
	for i := range names {
		names[i] = p2p.FileName(fmt.Sprintf("Artist %d - A Song of Some Length (live) %d.mp3", i%97, i))
	}
	p := patternOf(b, "LENGTH (LIVE) 9999")
	b.Run("Matches 10000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, n := range names {
				p.Matches(n)
			}
		}
	})
	b.Run("MatchesBytes 10000", func(b *testing.B) {
		b.ReportAllocs()
		var f text.Forms
		room := make([]byte, 0, p2p.NameLen)
		for b.Loop() {
			for _, n := range names {
				p.MatchesBytes(append(room[:0], n...), &f)
			}
		}
	})
	b.Run("MatchesFolded", func(b *testing.B) {
		p := patternOf(b, "perché")
		b.ReportAllocs()
		for b.Loop() {
			p.MatchesFolded("un altro file, perche no.txt")
		}
	})
}

// BenchmarkMatchesOtherScripts is one name of 100 bytes that is not ASCII.
func BenchmarkMatchesOtherScripts(b *testing.B) {
	for _, c := range []string{"a", "é", "ж", "각", "漢", "ﷺ", "\u3099"} {
		b.Run(c, func(b *testing.B) {
			name := []byte(p2p.CutText(strings.Repeat(c, p2p.NameLen), p2p.NameLen))
			p := patternOf(b, "not there")
			var f text.Forms
			b.ReportAllocs()
			for b.Loop() {
				p.MatchesBytes(name, &f)
			}
		})
	}
}
