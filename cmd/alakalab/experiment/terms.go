package experiment

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"alakazaam/config"
)

// maxTerms is how many terms may follow one another.
const maxTerms = 16

// termForm is one term: 5%return(EIO), 3*sleep(20ms), 50%2*torn, off.
var termForm = regexp.MustCompile(`^(?:([0-9.]{1,8})%)?(?:([0-9]{1,9})\*)?(return|torn|sleep|off)(?:\(([A-Za-z0-9.]{1,20})\))?$`)

var errTerms = errors.New(`terms are such as "5%return(EIO)->sleep(20ms)"; the actions are return(EIO), return(ENOSPC), ` +
	`return(EROFS), torn, sleep(20ms) and off`)

// ParseTerms reads terms in the grammar of FreeBSD's fail(9).
func ParseTerms(text string) (Terms, error) {
	var out Terms
	for part := range strings.SplitSeq(text, "->") {
		m := termForm.FindStringSubmatch(strings.TrimSpace(part))
		if m == nil || len(out) == maxTerms {
			return nil, errTerms
		}
		t := Term{Percent: 100, Action: m[3]}
		var err error
		if m[1] != "" {
			t.Percent, err = strconv.ParseFloat(m[1], 64)
		}
		if m[2] != "" {
			t.Count, _ = strconv.Atoi(m[2]) // nine digits are a number
		}
		if err != nil || t.Percent <= 0 || t.Percent > 100 || m[2] != "" && t.Count == 0 || !t.argument(m[4]) {
			return nil, errTerms
		}
		out = append(out, t)
	}
	return out, nil
}

// argument takes what stands in brackets behind the action.
func (t *Term) argument(text string) bool {
	switch t.Action {
	case "return":
		t.Errno = text
		return text == "EIO" || text == "ENOSPC" || text == "EROFS"
	case "sleep":
		d, err := time.ParseDuration(text)
		t.Sleep = d
		return err == nil && d > 0 && d <= time.Hour
	}
	return text == ""
}

// String writes the terms as ParseTerms reads them.
func (t Terms) String() string {
	var parts []string
	for _, x := range t {
		s := ""
		if x.Percent != 100 {
			s = strconv.FormatFloat(x.Percent, 'f', -1, 64) + "%"
		}
		if x.Count > 0 {
			s += strconv.Itoa(x.Count) + "*"
		}
		switch s += x.Action; x.Action {
		case "return":
			s += "(" + x.Errno + ")"
		case "sleep":
			s += "(" + config.FormatDuration(x.Sleep) + ")"
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "->")
}

func readTerms(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	terms, err := ParseTerms(n.text)
	if n.kind != scalarNode || err != nil {
		d.wrong(path, n, fmt.Sprintf("%s cannot be %s", path, n.describe()), errTerms.Error())
		return
	}
	v.Set(reflect.ValueOf(terms))
}
