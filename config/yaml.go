package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds of what is given to the YAML library, whose time and memory grow with the square of some of them.
const (
	maxTokens = 20000 // words and signs: some 10,000 entries of a list
	maxDepth  = 32    // brackets in brackets, or lists in lists that begin in one line
	maxTabs   = 100   // in a line
)

// yamlFile is the text of a file, to say where something stands in it.
type yamlFile struct {
	name  string
	lines []string
	whole *origin // of a text that is no file: its one place; else nil
}

// secretLine matches a line that most likely holds a secret: the key token, or what was meant to be it.
var secretLine = regexp.MustCompile(`(?i)\btok[a-z]*["']?\s*:`)

// at is a place in the file.
func (f *yamlFile) at(line, column int) origin {
	if f.whole != nil {
		return *f.whole
	}
	o := origin{layer: layerFile, file: f.name, line: line, column: column}
	if line >= 1 && line <= len(f.lines) && !secretLine.MatchString(f.lines[line-1]) {
		o.text = f.lines[line-1]
	}
	return o
}

func (f *yamlFile) token(t *token.Token) origin { return f.at(t.Position.Line, t.Position.Column) }

// readYAML takes the values of a file.
func (l *loader) readYAML(name string, data []byte) {
	if file, body := l.openYAML(name, data); body != nil {
		w := &walker{loader: l, file: file, anchors: anchorsIn(body)}
		w.section(schema.root, body)
	}
}

// openYAML gives the content of a file; nil when there is none, or when something is wrong.
func (l *loader) openYAML(name string, data []byte) (*yamlFile, ast.Node) {
	file := &yamlFile{name: name}
	if len(data) > maxFile {
		l.unreadable(file.at(0, 0), fmt.Sprintf("the file has more than %s", Size(maxFile)), "")
		return file, nil
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	file.lines = splitLines(text)
	if !l.plain(file) {
		return file, nil
	}
	return file, l.parseYAML(file, text)
}

// unreadable reports what keeps the file's values from being known.
func (l *loader) unreadable(at origin, message, hint string) {
	l.unread = true
	l.report("", at, message, hint)
}

func splitLines(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n")
}

// blockText is how a line ends after which a text over several lines begins.
var blockText = regexp.MustCompile(`[|>][0-9+-]*[ \t]*(#.*)?$`)

// plain refuses lines that are odd before the library sees them.
func (l *loader) plain(file *yamlFile) bool {
	for i, line := range file.lines {
		at, message, hint := odd(line)
		if message != "" {
			l.unreadable(file.at(i+1, utf8.RuneCountInString(line[:at])+1), message, hint)
			return false
		}
	}
	return true
}

// odd says what no configuration needs in a line. Texts over several lines, rows of "<" and tabs in quotes take the
// library's scanner time that grows with the square of their length.
func odd(line string) (at int, message, hint string) {
	if !utf8.ValidString(line) {
		at = strings.IndexRune(line, utf8.RuneError) // which finds the first byte that is not UTF-8
		return at, "the file is not UTF-8 text", ""
	}
	code := withoutComment(line)
	indent := len(code) - len(strings.TrimLeft(code, " \t"))
	if tab := strings.IndexByte(code[:indent], '\t'); tab >= 0 && indent < len(code) {
		return tab, "a tab stands where YAML wants spaces", ""
	}
	if strings.Count(code, "\t") > maxTabs {
		return 0, fmt.Sprintf("there are more than %d tabs in this line", maxTabs), ""
	}
	if at = strings.Index(code, "<<<"); at >= 0 {
		return at, "this is no YAML", "is it left over from a merge?"
	}
	if block := blockText.FindStringIndex(code); block != nil {
		return block[0], "a text over several lines is not used here", "write it on one line, in quotes"
	}
	return 0, "", ""
}

// withoutComment takes the comment off a line, as far as that is certain without knowing the lines before: a quote may
// hide the "#", so a line with one is left as it is.
func withoutComment(line string) string {
	if strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
		return ""
	}
	if strings.ContainsAny(line, `"'`) {
		return line
	}
	if i := strings.Index(line, " #"); i >= 0 {
		return line[:i]
	}
	return line
}

// parseYAML gives the content of the file's only document; nil when there is none, or when something is wrong.
func (l *loader) parseYAML(file *yamlFile, text string) (body ast.Node) {
	defer func() {
		if r := recover(); r != nil {
			l.unreadable(file.at(0, 0), "the file cannot be read as YAML", clean(fmt.Sprint(r)))
			body = nil
		}
	}()
	tokens := lexer.Tokenize(text)
	if at, message := tooMuch(tokens); at != nil {
		l.unreadable(file.token(at), message, "")
		return nil
	}
	tree, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax *yaml.SyntaxError
		if !errors.As(err, &syntax) {
			l.unreadable(file.at(0, 0), "the file is not YAML", clean(err.Error()))
			return nil
		}
		l.unreadable(file.token(syntax.GetToken()), "the file is not YAML", clean(syntax.GetMessage()))
		return nil
	}
	return l.document(file, tree)
}

// tooMuch says where there are more tokens, or more of them in one another, than the parser is given.
func tooMuch(tokens token.Tokens) (at *token.Token, message string) {
	depth, dashes, line := 0, 0, 0
	for i, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType:
			if t.Position.Line != line {
				dashes, line = 0, t.Position.Line
			}
			dashes++
		}
		if depth > maxDepth || dashes > maxDepth {
			return t, fmt.Sprintf("more than %d lists or sections are open here", maxDepth)
		}
		if i >= maxTokens {
			return t, fmt.Sprintf("there are more than %d words and signs before this", maxTokens)
		}
	}
	return nil, ""
}

// document gives the content of the only document.
func (l *loader) document(file *yamlFile, tree *ast.File) ast.Node {
	for i, doc := range tree.Docs {
		if d, ok := doc.Body.(*ast.DirectiveNode); ok {
			l.unreadable(file.token(d.GetToken()), "directives are not used here", "leave the line out")
			return nil
		}
		if i > 0 {
			l.unreadable(file.token(doc.Start), "a second document begins here", "the file is one document")
			return nil
		}
	}
	if len(tree.Docs) == 0 {
		return nil
	}
	return tree.Docs[0].Body
}
