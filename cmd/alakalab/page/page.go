// Package page makes web pages that need nothing but themselves: style, script, the charting library and all pictures are
// inside, and a policy forbids everything else. They can be read without the script, too, which only makes charts zoom.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"alakazaam/cmd/alakalab/chart"
	"alakazaam/cmd/alakalab/record"
)

// uPlot 1.6.32 as npm has it: dist/uPlot.iife.min.js and dist/uPlot.min.css.
var (
	//go:embed uplot/uPlot.iife.min.js
	uplot string
	//go:embed uplot/uPlot.min.css
	uplotStyle string
	//go:embed uplot/LICENSE
	uplotLicense string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
	//go:embed page.html
	base string
)

// Page is what a page shows: the body is the template "body", which gets the page as its dot.
type Page struct {
	Title string
	Data  any
	// Charts are drawn by {{template "chart" (index $.Figures 0)}}.
	Charts []*chart.Chart
}

// Figure is a chart with its still picture.
type Figure struct {
	*chart.Chart
	Index int
	Still template.URL
}

// Figures gives the charts with their pictures.
func (p *Page) Figures() ([]Figure, error) {
	out := make([]Figure, len(p.Charts))
	for i, c := range p.Charts {
		var svg bytes.Buffer
		if err := c.SVG(&svg); err != nil {
			return nil, err
		}
		out[i] = Figure{c, i, template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg.Bytes()))} //nolint:gosec // it is base64
	}
	return out, nil
}

// Colors are those of the lines, for the script.
func (p *Page) Colors() []string { return chart.Colors }

// Style is the style of the page.
func (p *Page) Style() template.CSS { return template.CSS(uplotStyle + style) }

// Scripts are the scripts of the page.
func (p *Page) Scripts() []template.JS { return scripts }

// Policy allows the page its own scripts, by their hashes, and pictures that are within. Nothing is loaded, and no other
// script runs, even if a name of a file could smuggle one in.
func (p *Page) Policy() string {
	out := "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; script-src"
	for _, s := range scripts {
		sum := sha256.Sum256([]byte(s))
		out += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return out
}

var scripts = []template.JS{template.JS("/*\n" + uplotLicense + "*/\n" + uplot), template.JS(script)}

// Parse reads the template of a page's body, which may use number METRIC VALUE and seconds VALUE.
func Parse(body string) *template.Template {
	t := template.New("page").Funcs(template.FuncMap{
		"number":  func(metric string, v float64) string { return record.MetricOf(metric).Format(v) },
		"seconds": record.FormatSeconds,
	})
	return template.Must(template.Must(t.Parse(base)).Parse(body))
}

// Write writes a page.
func (p *Page) Write(w io.Writer, t *template.Template) error {
	if err := t.ExecuteTemplate(w, "page", p); err != nil {
		return fmt.Errorf("page %q: %w", p.Title, err)
	}
	return nil
}
