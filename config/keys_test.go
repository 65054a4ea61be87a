package config

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// countLeaves counts the values in a structure without the schema's help.
func countLeaves(t reflect.Type) int {
	n := 0
	for i := range t.NumField() {
		if f := t.Field(i); f.Type.Kind() == reflect.Struct {
			n += countLeaves(f.Type)
		} else if f.IsExported() {
			n++
		}
	}
	return n
}

func TestEveryKeyIsDescribed(t *testing.T) {
	keys := Keys()
	assert.Len(t, keys, countLeaves(reflect.TypeFor[Config]()))
	env := make(map[string]bool)
	for _, k := range keys {
		assert.NotEmpty(t, k.Doc, "%s needs a comment at its field, and its file a place in doc.go", k.Name)
		assert.NotContains(t, k.Doc, "\n")
		assert.Regexp(t, `\.$`, k.Doc, k.Name)
		assert.Regexp(t, `^[a-z0-9_]+(\.[a-z0-9_]+)?$`, k.Name)
		assert.Equal(t, "--"+k.Name, k.Flag)
		assert.Regexp(t, `^ALAKAZAAM_[A-Z0-9_]+$`, k.Env)
		assert.False(t, env[k.Env], "%s names two keys", k.Env)
		env[k.Env] = true
		if k.Type == "number" {
			assert.NotEmpty(t, k.Unit, "%s counts something", k.Name)
		}
	}
	assert.False(t, env[envConfig], "a key has a reserved name")
	for _, n := range schema.root.children {
		assert.NotEmpty(t, n.doc(), n.path)
	}
}

func TestKey(t *testing.T) {
	for _, k := range Keys() {
		if k.Name == "search.ttl" {
			assert.Equal(t, Key{
				Name: "search.ttl", Section: "search", Env: "ALAKAZAAM_SEARCH_TTL", Flag: "--search.ttl", Type: "number",
				Default: "5", Unit: "hops", Values: "1 to 99", Reload: true,
				Doc: "How far a search that begins here goes, and the most that one of others may have left.",
			}, k)
			return
		}
	}
	t.Fatal("no search.ttl")
}

// Each key can be set by its variable and by its flag, and its default is valid there, too.
func TestEveryKeyHasVariableAndFlag(t *testing.T) {
	var env []string
	flags := make(map[string]string)
	for _, k := range Keys() {
		env = append(env, k.Env+"="+k.Default)
		flags[k.Name] = k.Default
	}
	for _, o := range []Options{{Env: env}, {Flags: flags}} {
		c, _, err := Load(o)
		require.NoError(t, err)
		assert.Equal(t, Default(), c)
	}
}

func TestSectionFilesAreRead(t *testing.T) {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, name := range files {
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		if strings.Contains(string(src), "`yaml:\"") && !strings.HasSuffix(name, "_test.go") {
			_, err := sources.ReadFile(name)
			assert.NoError(t, err, "doc.go does not embed %s", name)
		}
	}
}

func TestFlags(t *testing.T) {
	args := []string{
		"--search.ttl", "3", "--session.verify_address=false", "--neighbors=a:1", "--neighbors", "b:1,c:1",
		"--admin.listen=", "--log.level", "nonsense",
	}
	want := map[string]string{
		"search.ttl": "3", "session.verify_address": "false", "neighbors": "a:1,b:1,c:1", "admin.listen": "",
		"log.level": "nonsense",
	}
	t.Run("flag", func(t *testing.T) {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		set := BindFlags(fs)
		require.NoError(t, fs.Parse(args))
		assert.Equal(t, want, set)
	})
	t.Run("cobra", func(t *testing.T) {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		set := BindFlags(fs)
		cmd := &cobra.Command{Run: func(*cobra.Command, []string) {}}
		cmd.Flags().AddGoFlagSet(fs)
		cmd.SetArgs(args)
		require.NoError(t, cmd.Execute())
		assert.Equal(t, want, set)
		assert.Contains(t, cmd.Flags().FlagUsages(), "--search.max_results files ")
		assert.Contains(t, cmd.Flags().FlagUsages(), "(files, 1 to 999) (default 200)")
	})
	t.Run("bare bool", func(t *testing.T) {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		set := BindFlags(fs)
		cmd := &cobra.Command{Run: func(*cobra.Command, []string) {}}
		cmd.Flags().AddGoFlagSet(fs)
		cmd.SetArgs([]string{"--session.verify_address", "--search.ttl=2"})
		require.NoError(t, cmd.Execute())
		assert.Equal(t, map[string]string{"session.verify_address": "true", "search.ttl": "2"}, set)
	})
}

func TestWriteFlags(t *testing.T) {
	var b strings.Builder
	require.NoError(t, WriteFlags(&b))
	for _, k := range Keys() {
		assert.Regexp(t, "\n  "+regexp.QuoteMeta(k.Flag)+`[ [=]`, b.String())
	}
	assert.Contains(t, b.String(), "\n  --discovery.links[=true|false]\n", "a space would end it")
	assert.Contains(t, b.String(), `
Settings of log: what is logged, and how.
  --log.level trace|debug|info|warn|error
        The least important messages that are logged (trace|debug|info|warn|error) [info]
`)
}
