package config

import (
	"fmt"
	"slices"
	"strings"
)

// EnvPrefix begins the name of every environment variable of the program. The rest is the key in capitals with "_" for
// each dot.
const EnvPrefix = "ALAKAZAAM_"

// envConfig is the variable that is no key: the path of the file.
const envConfig = EnvPrefix + "CONFIG"

// env is the variable of the key.
func (n *node) env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(n.path, ".", "_"))
}

// readEnv takes the values of the variables, in the order of their names.
func (l *loader) readEnv(env []string) {
	byName := make(map[string]*field, len(schema.fields))
	names := []string{strings.TrimPrefix(envConfig, EnvPrefix)}
	for _, f := range schema.fields {
		byName[f.env()] = f
		names = append(names, strings.TrimPrefix(f.env(), EnvPrefix))
	}
	env = slices.Clone(env)
	slices.SortStableFunc(env, func(a, b string) int { return strings.Compare(varName(a), varName(b)) })
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, EnvPrefix) || name == envConfig {
			continue
		}
		if f := byName[name]; f != nil {
			l.assignText(f, origin{layer: layerEnv, file: name, text: pair}, value)
			continue
		}
		l.report("", origin{layer: layerEnv, file: name}, fmt.Sprintf("unknown variable %s", quote(name)),
			didYouMean(withPrefix(EnvPrefix, near(strings.TrimPrefix(name, EnvPrefix), names))))
	}
}

// lookup is the value of a variable, empty without it. Of several the last counts.
func lookup(env []string, name string) string {
	value := ""
	for _, pair := range env {
		if v, ok := strings.CutPrefix(pair, name+"="); ok {
			value = v
		}
	}
	return value
}

func varName(pair string) string {
	name, _, _ := strings.Cut(pair, "=")
	return name
}
