package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Key describes a key to users.
type Key struct {
	Name    string `json:"name"`              // dotted: "search.ttl"
	Section string `json:"section,omitempty"` // "search"; empty for a key outside the sections
	Env     string `json:"env,omitempty"`     // "ALAKAZAAM_SEARCH_TTL"
	Flag    string `json:"flag,omitempty"`    // "--search.ttl"
	Type    string `json:"type"`              // number, duration, size, rate, bool, address, directory, file, secret, choice or list
	Default string `json:"default"`           // as a variable or a flag would give it
	Unit    string `json:"unit,omitempty"`    // of a number, a size or a rate: "hops"
	Values  string `json:"values,omitempty"`  // which are allowed: "1 to 99", "text or json"
	Zero    string `json:"zero,omitempty"`    // what 0 or an empty text means
	Reload  bool   `json:"reload"`            // whether SIGHUP changes it while a node runs
	Doc     string `json:"doc"`               // what the key means, on one line
	Keys    []Key  `json:"keys,omitempty"`    // of each entry of a list that has keys, without variables and flags of their own
}

// Keys describes all keys, in the order of the default file.
func Keys() []Key {
	c := Default()
	out := schema.keys(&c)
	for i, f := range schema.fields {
		out[i].Env, out[i].Flag = f.env(), "--"+f.path
		if f.record != nil {
			fresh := reflect.New(f.record).Interface()
			initialize(fresh)
			out[i].Keys = newTree("", f.record).keys(fresh)
		}
	}
	return out
}

// keys describes the keys of a structure. fresh points to one with the defaults.
func (s *tree) keys(fresh any) []Key {
	out := make([]Key, len(s.fields))
	for i, f := range s.fields {
		section, _, found := strings.Cut(f.path, ".")
		if !found {
			section = ""
		}
		out[i] = Key{
			Name: f.path, Section: section, Type: f.typeName(), Default: f.format(f.get(fresh)), Unit: f.unit,
			Values: f.values(), Zero: f.zero, Reload: f.reload, Doc: f.doc(),
		}
	}
	return out
}

func (f *field) defaultText() string {
	c := Default()
	return f.format(f.get(&c))
}

func (f *field) typeName() string {
	switch {
	case f.list:
		return "list"
	case f.kind == kindNumber:
		return "number"
	case f.kind == kindDuration:
		return "duration"
	case f.kind == kindSize && f.unit == "bytes/s":
		return "rate"
	case f.kind == kindSize:
		return "size"
	case f.kind == kindBool:
		return "bool"
	case f.kind == kindProbability:
		return "probability"
	case f.form == "directory" || f.form == "file":
		return f.form
	case f.secret():
		return "secret"
	case f.form == "sync":
		return "always or duration"
	case f.form == "id" || f.named():
		return "name"
	case strings.Contains(f.form, "|"):
		return "choice"
	}
	return "address"
}

// values says in words which values are allowed, where the type does not say it.
func (f *field) values() string {
	switch {
	case f.kind == kindText:
		return f.wants()
	case f.bounded:
		return fmt.Sprintf("%s to %s", f.formatNumber(f.min), f.formatNumber(f.max))
	}
	return ""
}

// text is the documentation of the field for its user, followed in brackets by type or unit, values, and what zero
// means. mark is put around the word that can stand for the value.
func (f *field) text(mark string) string {
	note := mark + f.placeholder() + mark
	if f.list {
		note = "a list of " + note
	}
	if f.bounded {
		note += ", " + f.values()
	}
	if f.zero != "" {
		zero := "0"
		if f.kind == kindText {
			zero = `""`
		}
		note += fmt.Sprintf("; %s: %s", zero, f.zero)
	}
	return fmt.Sprintf("%s (%s)", strings.TrimSuffix(f.doc(), "."), note)
}

// placeholder is the word that stands for the value.
func (f *field) placeholder() string {
	switch {
	case f.record != nil:
		return "YAML"
	case f.list:
		return strings.ToUpper(f.form)
	case f.kind == kindNumber:
		return f.unit
	case f.kind == kindBool:
		return "true|false"
	case strings.Contains(f.form, "|"):
		return f.form
	}
	return f.typeName()
}
