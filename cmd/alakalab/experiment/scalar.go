package experiment

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"alakazaam/config"
)

// texts are the types of scalars that are read from a text of their own.
var texts = map[reflect.Type]struct {
	wants string
	read  func(text string) (float64, error)
	write func(v float64) string
}{
	durationType:                 {"a duration", readDuration, writeDuration},
	sizeType:                     {"a size", readSize, writeSize},
	reflect.TypeFor[Rate]():      {"a rate such as 10mbit or 1MiB/s", readRate, writeRate},
	reflect.TypeFor[Frequency](): {"a frequency such as 20/s, 30/m or 1/h", readFrequency, writeFrequency},
	reflect.TypeFor[Share]():     {"a share from 0 to 1, or from 0% to 100%", readShare, writeNumber},
	reflect.TypeFor[UpTo]():      {"a number, or up-to-NUMBER,", readUpTo, writeNumber},
}

// scalar reads a single value.
func (d *decoder) scalar(path string, n *node, v reflect.Value, f *field) {
	if n.kind != scalarNode {
		hint := ""
		if n.kind == nullNode {
			hint = "leave the key out for its default"
		}
		d.refuse(path, n, f.wants(v.Type()), hint)
		return
	}
	if wrong, hint := f.read(n, v); wrong {
		d.refuse(path, n, f.wants(v.Type()), hint)
	}
}

// read puts the value of a text into v.
func (f *field) read(n *node, v reflect.Value) (wrong bool, hint string) {
	if t, ok := texts[v.Type()]; ok {
		x, err := t.read(n.text)
		if err != nil {
			return true, unitHint(v.Type(), n.text)
		}
		return f.set(v, x), ""
	}
	switch v.Kind() {
	case reflect.String:
		hint, ok := f.check(n.text)
		v.SetString(n.text)
		return !ok, hint
	case reflect.Bool:
		b, err := strconv.ParseBool(n.text)
		v.SetBool(b)
		return err != nil || n.quoted, quotesHint(n)
	}
	x, err := strconv.ParseFloat(n.text, 64)
	whole := v.Kind() != reflect.Float64
	if err != nil || n.quoted || whole && x != math.Trunc(x) {
		return true, quotesHint(n)
	}
	return f.set(v, x), ""
}

func quotesHint(n *node) string {
	if n.quoted {
		return "leave out the quotes"
	}
	return ""
}

// set puts a number into v, unless it is out of the range.
func (f *field) set(v reflect.Value, x float64) (wrong bool) {
	if !(x >= f.min && x <= f.max) || math.Abs(x) > math.MaxInt64/2 {
		return true
	}
	if v.CanInt() {
		v.SetInt(int64(x))
	} else {
		v.SetFloat(x)
	}
	return false
}

// wants says what a field of a type takes.
func (f *field) wants(t reflect.Type) string {
	if text, ok := texts[t]; ok {
		return text.wants + f.span()
	}
	if f.min == f.max {
		return f.number(f.min)
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number" + f.span()
	case reflect.Int:
		return "a whole number" + f.span()
	}
	switch c := f.choices(); {
	case len(c) > 12:
		return "one of the " + f.form + "s that 'alakalab faults --json' lists"
	case len(c) > 1:
		return strings.Join(c[:len(c)-1], ", ") + " or " + c[len(c)-1]
	case len(c) == 1:
		return c[0]
	}
	return freeForms[f.form]
}

var (
	nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	wordForm = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	nodeForm = regexp.MustCompile(`^(supernode|peer)-(0|[1-9][0-9]{0,7})$`)
)

// check checks a text against the field's form.
func (f *field) check(s string) (hint string, ok bool) {
	if s == "" && f.zero != "" {
		return "", true
	}
	if choices := f.choices(); choices != nil {
		return config.DidYouMean(s, choices), slices.Contains(choices, s)
	}
	switch f.form {
	case "name":
		return "", nameForm.MatchString(s)
	case "word":
		return "", wordForm.MatchString(s)
	case "node":
		return "", nodeForm.MatchString(s)
	}
	return "", s != "" && len(s) <= 1000 && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

var errText = errors.New("not of that form")

func readDuration(s string) (float64, error) {
	d, err := time.ParseDuration(s)
	return float64(d), err
}

func writeDuration(v float64) string { return config.FormatDuration(time.Duration(v)) }

func readSize(s string) (float64, error) {
	n, err := config.ParseSize(s)
	return float64(n), err
}

func writeSize(v float64) string { return config.Size(v).String() }

func writeNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// bitUnits are the suffixes of a Rate, the largest first.
var bitUnits = []struct {
	name string
	bits float64
}{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}}

func readRate(s string) (float64, error) {
	if s == "0" {
		return 0, nil
	}
	for _, u := range bitUnits {
		number, found := strings.CutSuffix(s, u.name)
		if !found {
			continue
		}
		x, err := readPlain(number)
		if bits := x * u.bits; err == nil && bits == math.Trunc(bits) && bits < 1e15 {
			return bits, nil
		}
		return 0, errText
	}
	size, found := strings.CutSuffix(s, "/s")
	n, err := config.ParseSize(size)
	if !found || err != nil || n >= 1e14 {
		return 0, errText
	}
	return float64(n) * 8, nil
}

func writeRate(v float64) string {
	if v == 0 {
		return "0"
	}
	for _, u := range bitUnits {
		if math.Mod(v, u.bits) == 0 {
			return writeNumber(v/u.bits) + u.name
		}
	}
	return writeNumber(v) + "bit"
}

// readPlain reads a number of digits with at most one point.
func readPlain(s string) (float64, error) {
	if s == "" || strings.Trim(s, "0123456789.") != "" {
		return 0, errText
	}
	return strconv.ParseFloat(s, 64)
}

func readFrequency(s string) (float64, error) {
	number, unit, _ := strings.Cut(s, "/")
	x, err := readNumber(number)
	per, ok := map[string]float64{"s": 1, "m": 60, "h": 3600}[unit]
	if err != nil || !ok || x <= 0 || x/per > 1e6 || x/per < 1e-9 {
		return 0, errText
	}
	return x / per, nil
}

func writeFrequency(v float64) string { return writeNumber(v) + "/s" }

// readNumber reads a number of 0 or more.
func readNumber(s string) (float64, error) {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(x) || x < 0 || x > 1e15 || strings.ContainsAny(s, "xX_+") {
		return 0, errText
	}
	return x, nil
}

func readShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	x, err := readNumber(number)
	if percent {
		x /= 100
	}
	if err != nil || x > 1 {
		return 0, errText
	}
	return x, nil
}

func readUpTo(s string) (float64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "up-to-"), 10, 16)
	return float64(n), err
}

// unitHint helps whoever left a unit out.
func unitHint(t reflect.Type, s string) string {
	_, err := strconv.ParseFloat(s, 64)
	switch bare := err == nil && len(s) < 20; {
	case t == durationType && bare:
		return fmt.Sprintf("its unit is missing, as in %ss", s)
	case t == durationType:
		return "a duration looks like 1500ms, 30s or 2h"
	case t == reflect.TypeFor[Rate]() && bare:
		return fmt.Sprintf("its unit is missing, as in %skbit", s)
	case t == reflect.TypeFor[Frequency]() && bare:
		return fmt.Sprintf("its unit is missing, as in %s/s", s)
	case t == sizeType:
		return "a size looks like 1048576, 512KiB or 1MB"
	}
	return ""
}
