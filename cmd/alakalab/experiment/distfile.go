package experiment

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"alakazaam/config"
)

// param is a figure of a distribution.
type param struct {
	name   string
	get    func(d *Dist) *float64
	scaled bool // in the unit of the values; otherwise a plain number
}

var params = []param{
	{"value", func(d *Dist) *float64 { return &d.Value }, true},
	{"mean", func(d *Dist) *float64 { return &d.Mean }, true},
	{"median", func(d *Dist) *float64 { return &d.Median }, true},
	{"p95", func(d *Dist) *float64 { return &d.P95 }, true},
	{"shape", func(d *Dist) *float64 { return &d.Shape }, false},
	{"s", func(d *Dist) *float64 { return &d.S }, false},
	{"min", func(d *Dist) *float64 { return &d.Min }, true},
	{"max", func(d *Dist) *float64 { return &d.Max }, true},
}

// distForm is what a distribution needs, and what it can do without.
type distForm struct {
	kind        DistKind
	needs, more []string
}

var distForms = []distForm{
	{KindConstant, []string{"value"}, nil},
	{KindUniform, []string{"min", "max"}, nil},
	{KindExponential, []string{"mean"}, []string{"min", "max"}},
	{KindLognormal, []string{"median"}, []string{"p95", "min", "max"}},
	{KindWeibull, []string{"shape", "mean"}, []string{"min", "max"}},
	{KindPareto, []string{"shape", "mean"}, []string{"min", "max"}},
	{KindZipf, []string{"s", "mean"}, nil},
}

// rankForms are the distributions over ranks, of the tag dist:"rank".
var rankForms = []distForm{{KindZipf, []string{"s"}, nil}, {KindUniform, nil, nil}}

// formsFor gives the distributions that a field takes. Only amounts of things come by rank.
func formsFor(f *field) []distForm {
	switch f.dist {
	case "rank":
		return rankForms
	case "number":
		return distForms
	}
	return distForms[:len(distForms)-1]
}

// scales says how values of a field are written.
func scales(f *field) (wants string, read func(string) (float64, error), write func(float64) string) {
	switch f.dist {
	case "duration":
		return "a duration", readDuration, writeDuration
	case "size":
		return "a size", readSize, writeSize
	}
	return "a number", readNumber, writeNumber
}

// maxValue bounds the values of distributions; durations of about 11 days fit in nanoseconds many times over.
const maxValue = 1e18

func readDist(d *decoder, path string, n *node, v reflect.Value, f *field) {
	wants, read, _ := scales(f)
	if n.kind == scalarNode && f.dist != "rank" {
		x, err := read(n.text)
		if err != nil || x < 0 || x > maxValue {
			d.refuse(path, n, wants+" or a distribution", unitHintOf(f, n.text))
			return
		}
		v.Set(reflect.ValueOf(Constant(x)))
		return
	}
	if n.kind != sectionNode {
		d.refuse(path, n, "a distribution such as "+distExample(f), "")
		return
	}
	form := d.distForm(path, n, f)
	if form == nil {
		return
	}
	out := Dist{Kind: form.kind}
	before := len(d.all)
	for _, p := range n.pairs {
		if p.name != "dist" {
			d.param(path, p, f, form, &out)
		}
	}
	for _, name := range form.needs {
		if n.get(name) == nil {
			d.wrong(path, n, fmt.Sprintf("%s is %s without %s", path, form.kind, name), "")
		}
	}
	if len(d.all) == before {
		d.sound(path, n, &out)
		v.Set(reflect.ValueOf(out))
	}
}

// distForm finds out which distribution a section is.
func (d *decoder) distForm(path string, n *node, f *field) *distForm {
	forms := formsFor(f)
	var names []string
	for _, form := range forms {
		names = append(names, string(form.kind))
	}
	kind := n.get("dist")
	if kind == nil {
		d.wrong(path, n, fmt.Sprintf("%s has no dist: it is one of %s", path, strings.Join(names, ", ")), "")
		return nil
	}
	for i := range forms {
		if kind.kind == scalarNode && kind.text == names[i] {
			return &forms[i]
		}
	}
	d.wrong(join(path, "dist"), kind, fmt.Sprintf("%s cannot be the distribution %s", path, kind.describe()),
		meant(kind.text, names, "here it is one of"))
	d.broken = append(d.broken, path)
	return nil
}

// param reads one figure.
func (d *decoder) param(path string, p pair, f *field, form *distForm, out *Dist) {
	at := join(path, p.name)
	names := slices.Concat(form.needs, form.more)
	i := slices.IndexFunc(params, func(q param) bool { return q.name == p.name })
	if i < 0 || !slices.Contains(names, p.name) {
		d.broken = append(d.broken, at)
		d.report(p.place, at, fmt.Sprintf("%s has no figure %s", form.kind, config.Quote(p.name)), meant(p.name, names, "its figures are"))
		return
	}
	wants, read, _ := scales(f)
	if !params[i].scaled {
		wants, read = "a number", readNumber
	}
	x, err := read(p.value.text)
	if p.value.kind != scalarNode || err != nil || x < 0 || x > maxValue || !params[i].scaled && x > 100 {
		hint := ""
		if params[i].scaled {
			hint = unitHintOf(f, p.value.text)
		}
		d.refuse(at, p.value, wants, hint)
		return
	}
	*params[i].get(out) = x
}

// sound refuses figures that do not go together, and puts in the one that has a default.
func (d *decoder) sound(path string, n *node, x *Dist) {
	require := func(ok bool, message string) {
		if !ok {
			d.wrong(path, n, fmt.Sprintf("%s: %s", path, message), "")
		}
	}
	if x.Kind == KindLognormal && n.get("p95") == nil {
		x.P95 = defaultSpread * x.Median
	}
	switch x.Kind {
	case KindUniform:
		require(x.Min <= x.Max, "min is more than max")
		return
	case KindExponential:
		require(x.Mean > 0, "the mean has to be more than 0")
	case KindLognormal:
		require(x.Median > 0, "the median has to be more than 0")
		require(x.P95 >= x.Median, "p95 is less than the median")
	case KindWeibull:
		require(x.Mean > 0 && x.Shape >= 0.1, "the mean has to be more than 0, and the shape 0.1 or more")
	case KindPareto:
		require(x.Mean > 0 && x.Shape > 1, "the mean has to be more than 0, and the shape more than 1: otherwise there is no mean")
	}
	require(x.Max == 0 || x.Min <= x.Max, "min is more than max")
}

// defaultSpread is how much larger than its median the p95 of a lognormal distribution is where nothing is said.
const defaultSpread = 5

func unitHintOf(f *field, text string) string {
	switch f.dist {
	case "duration":
		return unitHint(durationType, text)
	case "size":
		return unitHint(sizeType, text)
	}
	return ""
}

func distExample(f *field) string {
	return map[string]string{
		"duration": "{dist: lognormal, median: 40ms, p95: 150ms}", "size": "{dist: lognormal, median: 4MiB, max: 64MiB}",
		"number": "{dist: zipf, s: 1, mean: 4}", "rank": "{dist: zipf, s: 0.8}",
	}[f.dist]
}
