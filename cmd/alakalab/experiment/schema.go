package experiment

import (
	"encoding/json"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"alakazaam/config"
)

// object is a part of a JSON schema. encoding/json sorts its keys, so the same types give the same bytes.
type object = map[string]any

// Schema is the JSON schema of the file, from which editors complete and check. What only Load can know, such as whether a
// fault lies within the run, is not in it.
func Schema() map[string]any {
	x := &schemer{defs: object{}}
	root := x.schemaStruct([]reflect.Value{reflect.ValueOf(Default())})
	root["$defs"] = x.defs
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "An experiment of alakalab"
	return root
}

// schemer makes a schema. What stands in many places is made once, in defs.
type schemer struct{ defs object }

// ref refers to a part by name, and makes it where it is not there yet.
func (x *schemer) ref(name string, part func() object) object {
	if x.defs[name] == nil {
		x.defs[name] = part()
	}
	return object{"$ref": "#/$defs/" + name}
}

// SchemaJSON is Schema as the bytes of lab.schema.json.
func SchemaJSON() ([]byte, error) {
	b, err := json.MarshalIndent(Schema(), "", "  ")
	return append(b, '\n'), err
}

// ValidName says whether an experiment may have a name.
func ValidName(s string) bool { return nameForm.MatchString(s) }

// schemaStruct describes a section whose keys are those of structures, the last of which may be one kind of a union.
func (x *schemer) schemaStruct(values []reflect.Value) object {
	properties, need := object{}, []string{}
	if last := values[len(values)-1]; kindOfStruct(last) != "" {
		properties["kind"] = object{"const": kindOfStruct(last)}
		need = append(need, "kind")
	}
	for _, v := range values {
		for _, f := range fieldsOf(v.Type()) {
			if f.inline {
				continue
			}
			s := x.schema(f, v.Field(f.index))
			s["description"] = f.doc()
			properties[f.name] = s
			if f.need {
				need = append(need, f.name)
			}
		}
	}
	out := object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	if len(need) > 0 {
		out["type"], out["required"] = "object", need
	}
	return out
}

// kindOfStruct is the name of a member of a union.
func kindOfStruct(v reflect.Value) string {
	if v.CanAddr() {
		return kindOf(v.Addr().Interface())
	}
	return ""
}

// schema describes what a key takes; v holds its default.
func (x *schemer) schema(f *field, v reflect.Value) object {
	if custom := schemas[v.Type()]; custom != nil {
		return custom(x, f)
	}
	switch v.Kind() {
	case reflect.Struct:
		return x.schemaItem(v)
	case reflect.Pointer:
		return x.schema(f, reflect.ValueOf(initial(v.Type().Elem())).Elem())
	case reflect.Interface:
		return x.schemaUnion(v.Type(), nil)
	case reflect.Slice:
		element := reflect.ValueOf(initial(v.Type().Elem())).Elem()
		item := x.schema(f, element)
		out := object{"type": []string{"array", "null"}, "items": item}
		if element.Kind() == reflect.String {
			return object{"anyOf": []any{item, out}}
		}
		return out
	}
	return x.schemaScalar(f, v)
}

// schemaItem describes a section, which may be a union beside keys of its own.
func (x *schemer) schemaItem(v reflect.Value) object {
	for _, f := range fieldsOf(v.Type()) {
		if f.inline {
			return x.schemaUnion(f.kind, &v)
		}
	}
	return x.schemaStruct([]reflect.Value{v})
}

// schemaUnion describes a section that is one of several kinds. beside holds the keys that all have.
func (x *schemer) schemaUnion(t reflect.Type, beside *reflect.Value) object {
	var kinds []string
	var cases []any
	for _, m := range unions[t] {
		kinds = append(kinds, m.name)
		member := reflect.ValueOf(m.make()).Elem()
		values := []reflect.Value{member}
		if beside != nil {
			values = []reflect.Value{*beside, member}
		}
		cases = append(cases, object{
			"if":   object{"properties": object{"kind": object{"const": m.name}}, "required": []string{"kind"}},
			"then": x.schemaStruct(values),
		})
	}
	out := object{"type": "object", "properties": object{"kind": object{"enum": kinds}}, "allOf": cases}
	if beside != nil {
		out["required"] = []string{"kind"} // a graph has a default, and may leave it out
	}
	return out
}

// schemaScalar describes a single value.
func (x *schemer) schemaScalar(f *field, v reflect.Value) object {
	if t, ok := texts[v.Type()]; ok {
		return x.schemaText(v.Type(), t.wants)
	}
	switch v.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		return f.bounds(object{"type": "integer"})
	case reflect.Float64:
		return f.bounds(object{"type": "number"})
	}
	out := object{"type": "string"}
	if c := f.choices(); c != nil {
		if f.zero != "" {
			c = append(slices.Clone(c), "")
		}
		out["enum"] = c
	}
	return out
}

// bounds adds the range of a number.
func (f *field) bounds(o object) object {
	if !math.IsInf(f.min, -1) {
		o["minimum"], o["maximum"] = f.min, f.max
	}
	return o
}

// patterns are what the texts of some scalars look like.
var patterns = map[reflect.Type]string{
	durationType:                 `^-?([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$`,
	sizeType:                     `^[0-9.]+ *([KkMmGgTt][Ii]?)?[Bb]?$`,
	reflect.TypeFor[Rate]():      `^[0-9.]+([kmg]?bit|([KkMmGgTt][Ii]?)?[Bb]/s)$|^0$`,
	reflect.TypeFor[Frequency](): `^[0-9.eE-]+/[smh]$`,
	reflect.TypeFor[Share]():     `^[0-9.eE-]+%?$`,
	reflect.TypeFor[UpTo]():      `^(up-to-)?[0-9]+$`,
}

// schemaText describes a scalar with a text of its own. One without a unit may be a number.
func (x *schemer) schemaText(t reflect.Type, wants string) object {
	bare := object{"const": 0}
	switch t {
	case sizeType, reflect.TypeFor[UpTo]():
		bare = object{"type": "integer", "minimum": 0}
	case reflect.TypeFor[Share]():
		bare = object{"type": "number", "minimum": 0, "maximum": 1}
	}
	return x.ref(strings.ToLower(t.Name()), func() object {
		return object{"title": wants, "anyOf": []any{object{"type": "string", "pattern": patterns[t]}, bare}}
	})
}

// schemas describe the types that are written in a way of their own.
var schemas map[reflect.Type]func(x *schemer, f *field) object

func init() {
	schemas = map[reflect.Type]func(*schemer, *field) object{
		reflect.TypeFor[Dist](): func(x *schemer, f *field) object {
			return x.ref("dist-"+f.dist, func() object { return x.schemaDist(f) })
		},
		reflect.TypeFor[Targets](): func(x *schemer, _ *field) object {
			return x.ref("nodes", func() object { return x.schemaTargets(false) })
		},
		reflect.TypeFor[LinkSet](): func(x *schemer, _ *field) object {
			return x.ref("links", func() object { return x.schemaStruct([]reflect.Value{reflect.ValueOf(LinkSet{})}) })
		},
		reflect.TypeFor[Selector](): func(x *schemer, _ *field) object {
			return x.ref("selector", func() object { return x.schemaStruct([]reflect.Value{reflect.ValueOf(Selector{})}) })
		},
		reflect.TypeFor[NodeConfig](): func(x *schemer, _ *field) object { return x.ref("node", schemaNodeConfig) },
		reflect.TypeFor[Check]():      func(x *schemer, _ *field) object { return x.schemaCheck() },
		reflect.TypeFor[Groups](): func(x *schemer, _ *field) object {
			group := x.ref("group", func() object { return x.schemaTargets(true) })
			return object{"type": "object", "minProperties": 2, "maxProperties": maxGroups, "additionalProperties": group}
		},
		reflect.TypeFor[Seeds](): func(*schemer, *field) object {
			return oneOrMore(object{"type": []string{"integer", "string"}, "minimum": 0, "pattern": `^[0-9]+(\.\.[0-9]+)?$`})
		},
		reflect.TypeFor[Matrix](): func(*schemer, *field) object { return sectionOf(object{"type": "array", "minItems": 1}) },
		reflect.TypeFor[SLO](): func(*schemer, *field) object {
			return sectionOf(object{"type": "string", "pattern": `^(>=|<=|>|<)`})
		},
		reflect.TypeFor[Args](): func(*schemer, *field) object { return sectionOf(object{"type": []string{"string", "number"}}) },
		reflect.TypeFor[Edges](): func(*schemer, *field) object {
			return object{"type": "string", "pattern": `^([0-9]+-[0-9]+ ?)*$`}
		},
		reflect.TypeFor[Terms](): func(*schemer, *field) object { return object{"type": "string"} },
	}
}

// sectionOf describes a section with keys of any name.
func sectionOf(value object) object {
	return object{"type": []string{"object", "null"}, "additionalProperties": value}
}

// oneOrMore describes a list whose brackets may be left out.
func oneOrMore(item object) object {
	return object{"anyOf": []any{item, object{"type": "array", "items": item, "minItems": 1}}}
}

// schemaDist describes a bare value, or a distribution with its figures.
func (x *schemer) schemaDist(f *field) object {
	value := object{"type": "number", "minimum": 0}
	switch f.dist {
	case "duration":
		value = x.schemaText(durationType, "a duration")
	case "size":
		value = x.schemaText(sizeType, "a size")
	}
	var cases []any
	if f.dist != "rank" {
		cases = append(cases, value)
	}
	for _, form := range formsFor(f) {
		properties := object{"dist": object{"const": string(form.kind)}}
		for _, p := range params {
			switch {
			case !slices.Contains(slices.Concat(form.needs, form.more), p.name):
			case p.scaled:
				properties[p.name] = value
			default:
				properties[p.name] = object{"type": "number", "minimum": 0, "maximum": 100}
			}
		}
		cases = append(cases, object{
			"type": "object", "properties": properties, "required": append([]string{"dist"}, form.needs...), "additionalProperties": false,
		})
	}
	return object{"anyOf": cases}
}

// schemaTargets describes a choice of nodes; only a group may be the rest.
func (x *schemer) schemaTargets(group bool) object {
	var names []string
	for _, w := range slices.Sorted(maps.Keys(words)) {
		if w != "rest" || group {
			names = append(names, w)
		}
	}
	return object{"anyOf": []any{
		object{"enum": names},
		object{"type": "string", "pattern": nodeForm.String()},
		x.schemaStruct([]reflect.Value{reflect.ValueOf(Targets{})}),
	}}
}

// schemaCheck describes a name, or one with parameters.
func (x *schemer) schemaCheck() object {
	properties := object{}
	for _, k := range checkKinds {
		s := object{"type": "null"}
		if k.with != nil {
			s = x.schemaStruct([]reflect.Value{reflect.ValueOf(k.with()).Elem()})
		}
		s["description"] = "false when " + k.Doc
		properties[k.Name] = s
	}
	return object{"anyOf": []any{
		object{"enum": checkNames()},
		object{"type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1},
	}}
}

// schemaNodeConfig describes the keys of a node's configuration that an experiment may set.
func schemaNodeConfig() object {
	out := object{"type": []string{"object", "null"}, "additionalProperties": false}
	sections := object{}
	for _, k := range config.Keys() {
		if decided(k.Name) {
			continue
		}
		section, name, inside := strings.Cut(k.Name, ".")
		if !inside {
			sections[section] = object{"description": k.Doc}
			continue
		}
		if sections[section] == nil {
			sections[section] = object{"type": []string{"object", "null"}, "properties": object{}, "additionalProperties": false}
		}
		sections[section].(object)["properties"].(object)[name] = object{"description": k.Doc}
	}
	out["properties"] = sections
	return out
}
