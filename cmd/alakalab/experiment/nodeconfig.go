package experiment

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"alakazaam/config"
)

// ours are the keys of a node's configuration that the laboratory decides, by their beginning.
var ours = []string{"listen", "advertise.", "data_dir", "share_dir", "download_dir", "neighbors", "bootstrap", "admin.", "faults", "fault_seed"}

// Config gives the node's configuration: the defaults, and the keys that were given.
func (c NodeConfig) Config() (config.Config, error) {
	out, _, err := config.Load(config.Options{Flags: c})
	return out, err
}

// settable are the keys that an experiment may set.
var settable = sync.OnceValue(func() (names []string) {
	for _, k := range config.Keys() {
		if !decided(k.Name) {
			names = append(names, k.Name)
		}
	}
	return names
})

func decided(key string) bool {
	return slices.ContainsFunc(ours, func(o string) bool {
		return key == o || strings.HasSuffix(o, ".") && strings.HasPrefix(key, o)
	})
}

// readNodeConfig reads keys of a node's configuration, in sections as there, and has package config check them.
func readNodeConfig(d *decoder, path string, n *node, v reflect.Value, _ *field) {
	if !d.section(path, n) {
		return
	}
	values, nodes := NodeConfig{}, make(map[string]*node)
	d.flatten(path, "", n, values, nodes)
	_, err := values.Config()
	var all config.Errors
	if errors.As(err, &all) {
		for _, p := range all {
			key, _, _ := strings.Cut(p.Key, "[")
			if at := nodes[key]; at != nil {
				d.wrong(join(path, p.Key), at, path+": "+p.Message, p.Hint)
			} else {
				d.wrong(path, n, path+": "+p.Message, p.Hint)
			}
		}
	}
	if len(values) > 0 {
		v.Set(reflect.ValueOf(values))
	}
}

// flatten gathers the keys of a section with their values as flags would give them.
func (d *decoder) flatten(path, prefix string, n *node, values NodeConfig, nodes map[string]*node) {
	names := settable()
	for _, p := range n.pairs {
		key := join(prefix, p.name)
		switch {
		case slices.Contains(names, key):
			d.places[join(path, key)] = p.value.place
			if text, ok := flagText(p.value); ok {
				values[key], nodes[key] = text, p.value
			} else {
				d.refuse(join(path, key), p.value, "a value as in a node's configuration", "")
			}
		case slices.ContainsFunc(names, func(s string) bool { return strings.HasPrefix(s, key+".") }):
			if d.section(join(path, key), p.value) {
				d.flatten(path, key, p.value, values, nodes)
			}
		case decided(key) || decided(key+"."):
			d.broken = append(d.broken, join(path, key))
			d.report(p.place, join(path, key), fmt.Sprintf("%s is decided by the laboratory", join(path, key)), "")
		default:
			d.broken = append(d.broken, join(path, key))
			d.report(p.place, join(path, key), fmt.Sprintf("unknown key %s of a node's configuration", config.Quote(key)),
				config.DidYouMean(key, names))
		}
	}
}

// flagText writes a value as a flag would have it.
func flagText(n *node) (string, bool) {
	switch n.kind {
	case scalarNode:
		return n.text, true
	case listNode:
		var items []string
		for _, i := range n.items {
			if i.kind != scalarNode || strings.Contains(i.text, ",") {
				return "", false
			}
			items = append(items, i.text)
		}
		return strings.Join(items, ","), true
	}
	return "", false
}

// listKeys are the keys that take a list.
var listKeys = sync.OnceValue(func() map[string]bool {
	out := make(map[string]bool)
	for _, k := range config.Keys() {
		out[k.Name] = k.Type == "list"
	}
	return out
})

// tree writes the keys in sections.
func (c NodeConfig) tree() *node {
	out := &node{kind: sectionNode}
	lists := listKeys()
	for _, key := range slices.Sorted(maps.Keys(c)) {
		value := &node{kind: scalarNode, text: c[key]}
		if lists[key] {
			value = &node{kind: listNode}
			for item := range strings.SplitSeq(c[key], ",") {
				if item != "" {
					value.items = append(value.items, &node{kind: scalarNode, text: item})
				}
			}
		}
		steps, err := parsePath(key)
		if err != nil {
			panic(err) // the keys of a configuration are paths
		}
		if out, err = put(out, steps, value); err != nil {
			panic(err) // no key is a section of another
		}
	}
	return out
}
