package config

import (
	"io"
	"time"

	"github.com/goccy/go-yaml/ast"
)

// Document is a YAML file that is no node's configuration, read with the same care, so that whoever writes both sees one
// kind of messages.
type Document struct {
	// Body is what the file holds; nil where that is nothing.
	Body ast.Node

	file *yamlFile
}

// ReadFile gives the bytes of a file, - for stdin, and the name by which messages call it. It reads no more than
// ParseDocument takes. The error is an Errors.
func ReadFile(path string, stdin io.Reader) (name string, data []byte, err error) {
	if name, data, err = readAll(path, stdin); err != nil {
		return name, nil, Errors{unopened(name, err)}
	}
	return name, data, nil
}

// ParseDocument parses a file. The error is an Errors. Whatever the file holds, time and memory are bounded; Body may have
// aliases, whose expansion is the caller's to bound.
func ParseDocument(name string, data []byte) (*Document, error) {
	l := newLoader()
	file, body := l.openYAML(name, data)
	if _, err := l.result(); err != nil {
		return nil, err
	}
	return &Document{Body: body, file: file}, nil
}

// Problem says what is wrong at a place of the document; both count from 1, the column in characters.
func (d *Document) Problem(line, column int, key, message, hint string) Problem {
	return problem(key, d.file.at(line, column), message, hint)
}

// DidYouMean asks for those of the names that whoever wrote s most likely meant; it is empty where none is near.
func DidYouMean(s string, names []string) string { return didYouMean(near(s, names)) }

// Quote shows a text of a user in a message: harmless on a terminal and not too long.
func Quote(s string) string { return quote(s) }

// QuoteYAML writes a UTF-8 text as YAML that ParseDocument reads.
func QuoteYAML(s string) string { return quoteYAML(s) }

// FormatDuration is Duration.String without the zeros at its end: 1m, not 1m0s.
func FormatDuration(d time.Duration) string { return formatDuration(d) }
