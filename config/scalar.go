package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// fault is what is wrong with a value, without the name of its key: "has to be …".
type fault struct {
	item    int // of a list, from 0; -1 for the value itself
	message string
	hint    string
}

var errNumber = errors.New("not a number")

// number reads the text of a number, a duration or a size.
func (f *field) number(text string) (int64, error) {
	switch f.kind {
	case kindDuration:
		d, err := time.ParseDuration(text)
		return int64(d), err
	case kindSize:
		if n := len(text) - len("/s"); f.unit == "bytes/s" && n > 0 && strings.EqualFold(text[n:], "/s") {
			text = text[:n]
		}
		size, err := ParseSize(text)
		return int64(size), err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return n, nil // the nearest there is; it is out of every range
	}
	if err != nil {
		return 0, errNumber
	}
	return n, nil
}

// parse reads the text of a value that is not a list. It has still to be checked.
func (f *field) parse(text string) (any, *fault) {
	switch f.kind {
	case kindText:
		return text, nil
	case kindBool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return nil, f.refuse(-1, quote(text), "")
		}
		return b, nil
	}
	if f.kind == kindProbability {
		p, err := parseProbability(text)
		if err != nil {
			return nil, f.refuse(-1, quote(text), "")
		}
		return p, nil
	}
	n, err := f.number(text)
	if err != nil {
		return nil, f.refuse(-1, quote(text), f.hint(text))
	}
	return n, nil
}

// parseProbability reads 0.05 or 5%. Whether it is one is for check to say.
func parseProbability(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	p, err := strconv.ParseFloat(number, 64)
	if percent {
		p /= 100
	}
	return p, err
}

// parseList reads a list whose texts are separated by commas.
func parseList(text string) []string {
	var out []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// check says what is wrong with a value, as get gives it.
func (f *field) check(value any) []fault {
	switch v := value.(type) {
	case int64:
		if v < f.min || v > f.max {
			hint := ""
			if v > f.max && !f.bounded {
				hint = "that is too large"
			}
			return []fault{*f.refuse(-1, f.formatNumber(v), hint)}
		}
	case float64:
		if !(v >= 0 && v <= 1) { // NaN neither
			return []fault{*f.refuse(-1, f.format(v), "")}
		}
	case string:
		if hint, ok := f.checkText(v); !ok {
			return []fault{*f.refuse(-1, quote(v), hint)}
		}
	case []string:
		return f.checkList(v)
	}
	return nil
}

func (f *field) checkList(items []string) []fault {
	var out []fault
	seen := make(map[string]int)
	for i, item := range items {
		if wrong := f.checkItem(i, item, seen); wrong != nil {
			out = append(out, *wrong)
		}
	}
	return out
}

// checkItem checks an item of a list. seen holds the places of the items before it.
func (f *field) checkItem(i int, item string, seen map[string]int) *fault {
	hint, ok := f.checkText(item)
	if !ok {
		return f.refuse(i, quote(item), hint)
	}
	target := f.canonical(item)
	if first, twice := seen[target]; twice {
		return &fault{item: i, message: fmt.Sprintf("is %s, which %s[%d] is already", quote(item), f.path, first)}
	}
	seen[target] = i
	return nil
}

// checkText checks a text against the field's form. The forms are those that wants describes.
func (f *field) checkText(s string) (hint string, ok bool) {
	var err error
	switch {
	case !utf8.ValidString(s):
		return "it is not UTF-8", false
	case s == "" && f.zero != "":
		return "", true
	case f.form == "listen":
		err = checkListen(s)
	case f.form == "host:port":
		err = checkTarget(s)
	case f.form == "ipv4" || f.form == "ipv6":
		err = checkFamily(s, f.form == "ipv4")
	case f.form == "sync":
		return "", checkSync(s)
	case f.form == "entry":
		err = checkEntry(s)
	case f.form == "network":
		err = checkNetwork(s)
	case f.form == "token":
		err = checkToken(s)
	case f.form == "host":
		err = checkHost(s)
	case f.form == "id":
		return "", checkID(s)
	case f.form == "port":
		port, err := strconv.ParseUint(s, 10, 16)
		return "", err == nil && port > 0
	case f.named():
		return didYouMean(near(s, f.choices())), slices.Contains(f.choices(), s)
	case f.form == "directory" || f.form == "file":
		return "", s != "" && !strings.ContainsRune(s, 0)
	default:
		return didYouMean(near(s, f.choices())), slices.Contains(f.choices(), s)
	}
	if err != nil {
		return err.Error(), false
	}
	return "", true
}

// secret says whether the value is never to be shown.
func (f *field) secret() bool { return f.form == "token" }

// hide takes the value out of where it was given.
func (f *field) hide(at origin) origin {
	if f.secret() {
		at.text = ""
	}
	return at
}

// choices are the texts that a field of the form "a|b|c" takes, or the names of what there is of a form.
func (f *field) choices() []string {
	switch f.form {
	case "action":
		return faultsOf(FaultActor)
	case "type":
		return faultsOf(FaultToxic)
	case "actor":
		return actorKinds
	case "message":
		return Messages()
	}
	return strings.Split(f.form, "|")
}

// named says whether the field takes one of the names that there are of its form.
func (f *field) named() bool {
	return slices.Contains([]string{"action", "type", "actor", "message"}, f.form)
}

// checkID says whether a text can be a name in metrics, paths and lines of the log.
func checkID(s string) bool {
	const longest = 40
	return s != "" && len(s) <= longest && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// refuse is the fault of a value that is not what the field takes. found is the value as the message shows it.
func (f *field) refuse(item int, found, hint string) *fault {
	what := f.wants()
	if f.list && item < 0 {
		what = "a list of " + what
	}
	if f.secret() {
		return &fault{item: item, message: "has to be " + what, hint: "where it is only digits, it stands in quotes"}
	}
	return &fault{item: item, message: "has to be " + what + ", not " + found, hint: hint}
}

// wants describes what the field, or each item of it, takes.
func (f *field) wants() string {
	switch f.kind {
	case kindBool:
		return "true or false"
	case kindNumber:
		return "a whole number" + f.span()
	case kindDuration:
		return "a duration" + f.span()
	case kindSize:
		return "a size" + f.span()
	case kindProbability:
		return "a number from 0 to 1"
	case kindRecords:
		return "keys with values"
	}
	what := map[string]string{
		"listen":    "an address to listen on",
		"host:port": "HOST:PORT",
		"ipv4":      "an IPv4 address",
		"ipv6":      "an IPv6 address",
		"directory": "a directory",
		"file":      "a file",
		"network":   "an IP address or a network",
		"entry":     "an IP address, a network or an MD5",
		"host":      "a host name or an IP address",
		"id":        "a name of at most 40 letters, digits, _ and -",
		"port":      "a port",
		"actor":     "a kind of actor",
		"message":   "the name of a message",
		"action":    "an action ('alakazaam config faults' lists them)",
		"type":      "a type ('alakazaam config faults' lists them)",
		"token":     tokenForm,
		"sync":      fmt.Sprintf("%s or a duration from %s to %s", syncAlways, formatDuration(minSync), formatDuration(maxSync)),
	}[f.form]
	if what == "" {
		c := f.choices()
		what = strings.Join(c[:len(c)-1], ", ") + " or " + c[len(c)-1]
	}
	return what
}

// span is the range of a number in words, with a space before.
func (f *field) span() string {
	if !f.bounded {
		return " of 0 or more"
	}
	return fmt.Sprintf(" from %s to %s", f.formatNumber(f.min), f.formatNumber(f.max))
}

// hint helps whoever wrote a number, duration or size that cannot be read.
func (f *field) hint(text string) string {
	switch f.kind {
	case kindDuration:
		if _, err := strconv.ParseFloat(text, 64); err == nil && len(text) < 20 {
			return fmt.Sprintf("its unit is missing, as in %ss", text)
		}
		return "a duration looks like 1500ms, 30s or 2h"
	case kindSize:
		return "a size looks like 1048576, 512KiB or 1MB"
	}
	return ""
}

// format writes a value, as get gives it, in the form that parse and parseList read.
func (f *field) format(value any) string {
	switch v := value.(type) {
	case int64:
		return f.formatNumber(v)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []string:
		return strings.Join(v, ",")
	case string:
		return v
	}
	return f.formatRecords(value)
}

func (f *field) formatNumber(n int64) string {
	switch {
	case f.kind == kindDuration:
		return formatDuration(time.Duration(n))
	case f.kind == kindSize && n > 0 && f.unit == "bytes/s":
		return Size(n).String() + "/s"
	case f.kind == kindSize:
		return Size(n).String()
	}
	return strconv.FormatInt(n, 10)
}

// formatDuration is Duration.String without the zeros at its end: 1m, not 1m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// quote shows a text of a user in a message: harmless on a terminal and not too long.
func quote(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > most-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		return strconv.Quote(s[:cut]) + "…"
	}
	return strconv.Quote(s)
}
