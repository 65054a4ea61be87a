// Package actors_test holds the rules of the source tree: who may import whom, and what an actor must not reach for.
package actors_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Groups of packages for the table.
var (
	behavior  = []string{"message", "p2p", "port", "props", "text", "config"}
	framework = "github.com/asynkron/protoactor-go/"
)

// allowed says which packages of this module a package may import, by folder; a name without a slash is below actors.
// The standard library is free but for what forbidden says; modules are listed.
var allowed = map[string][]string{
	"actors/p2p":       {},
	"actors/text":      {"p2p", "golang.org/x/text/"},
	"actors/acquaint":  {"p2p"},
	"actors/digest":    {"p2p", "text"},
	"actors/port":      {"p2p", framework},
	"actors/message":   {"p2p", "port", "digest", framework},
	"actors/props":     {"message", "port", "p2p", framework, "github.com/sirupsen/logrus", "github.com/hashicorp/golang-lru/v2/"},
	"actors/fault":     behavior,
	"actors/session":   behavior,
	"actors/catalog":   append([]string{"digest", "github.com/tidwall/btree"}, behavior...),
	"actors/overlay":   append([]string{"acquaint", "digest"}, behavior...),
	"actors/query":     behavior,
	"actors/download":  behavior,
	"actors/share":     behavior,
	"actors/peer":      append([]string{"acquaint"}, behavior...),
	"actors/role":      behavior,
	"actors/store":     {"message", "p2p", "port", "props"},
	"actors/node":      append([]string{"session", "catalog", "overlay", "query", "download", "share", "peer", "role", "store"}, behavior...),
	"actors/actortest": {"message", "p2p", "port", "props"},
	"gateway/wire":     {"p2p", "text"},
	"gateway":          {"gateway/wire", "digest", "message", "p2p", "port", "props", "config", "golang.org/x/time/rate", "github.com/hashicorp/golang-lru/v2"},
	"gateway/tcp":      {"p2p", "port", "config"},
	"gateway/toxic":    {"fault", "port", "config", framework, "github.com/sirupsen/logrus"},
	"gateway/disk":     {"p2p", "port", "config"},
	"gateway/admin":    {"message", "p2p", "port", "text", "config"},
	"config":           {"p2p"},

	"actors/store/durable": {"p2p", "port", framework, "github.com/sirupsen/logrus", "github.com/cockroachdb/pebble/v2/"},
}

// free may import any module beside this one: they are the edges to the outside.
var free = []string{"gateway/tcp", "gateway/disk", "gateway/admin", "config"}

// modules that every package with actors may use.
var common = []string{framework, "github.com/sirupsen/logrus"}

// forbidden standard packages, by the folder's first part.
func forbidden(pkg string) []string {
	if pkg == "gateway" || pkg == "gateway/wire" || pkg == "gateway/toxic" || strings.HasPrefix(pkg, "actors/") {
		return []string{"net", "net/http", "os", "os/exec", "syscall"}
	}
	return nil
}

// sources gives the parsed files of each package without its tests.
func sources(t *testing.T) (*token.FileSet, map[string][]*ast.File) {
	set, out := token.NewFileSet(), make(map[string][]*ast.File)
	for _, root := range []string{"actors", "gateway", "config"} {
		err := filepath.WalkDir(filepath.Join("..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(set, path, nil, 0)
			if err == nil {
				pkg := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(path, ".."+string(filepath.Separator))))
				out[pkg] = append(out[pkg], f)
			}
			return err
		})
		require.NoError(t, err)
	}
	return set, out
}

func TestImports(t *testing.T) {
	_, all := sources(t)
	for pkg := range allowed {
		require.NotEmpty(t, all[pkg], "%s stands in the table and does not exist", pkg)
	}
	for pkg, files := range all {
		rules, ok := allowed[pkg]
		require.True(t, ok, "%s is not in the table", pkg)
		for _, f := range files {
			for _, i := range f.Imports {
				path, err := strconv.Unquote(i.Path.Value)
				require.NoError(t, err)
				if !mayImport(pkg, rules, path) {
					t.Errorf("%s must not import %s", pkg, path)
				}
			}
		}
	}
}

func mayImport(pkg string, rules []string, path string) bool {
	if rest, ours := strings.CutPrefix(path, "alakazaam/"); ours {
		return slices.Contains(rules, rest) || slices.Contains(rules, strings.TrimPrefix(rest, "actors/"))
	}
	if !strings.Contains(strings.SplitN(path, "/", 2)[0], ".") {
		return !slices.Contains(forbidden(pkg), path)
	}
	if slices.Contains(free, pkg) {
		return true
	}
	rules = slices.Clone(rules)
	if slices.Contains(rules, "props") {
		rules = append(rules, common...)
	}
	return slices.ContainsFunc(rules, func(r string) bool {
		return strings.Contains(r, ".") && strings.HasPrefix(path+"/", strings.TrimSuffix(r, "/")+"/")
	})
}

// TestImportRulesForbid shows that the rules say no.
func TestImportRulesForbid(t *testing.T) {
	for _, c := range [][2]string{
		{"actors/query", "net"}, {"actors/query", "alakazaam/actors/session"}, {"actors/p2p", "github.com/sirupsen/logrus"},
		{"gateway", "alakazaam/actors/node"}, {"gateway/wire", framework + "actor"}, {"actors/message", "alakazaam/config"},
	} {
		require.False(t, mayImport(c[0], allowed[c[0]], c[1]), "%s → %s", c[0], c[1])
	}
}

// reaches are the calls by which an actor would get at a clock, at randomness or at time that are not its ports'.
var reaches = map[string][]string{
	"time":    {"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"},
	"rand":    {"Int", "IntN", "Int64", "Int64N", "Uint64", "Uint64N", "Uint32", "Float64", "Float32", "Perm", "Shuffle", "N", "NormFloat64", "ExpFloat64", "Text", "Read"},
	"context": {"WithTimeout", "WithDeadline"},
}

// outside are the packages behind the ports, where the world begins.
var outside = []string{"actors/store/durable", "gateway/tcp", "gateway/disk", "gateway/admin"}

// breaches lists what in a file would make a run depend on more than its seed.
func breaches(f *ast.File) []ast.Node {
	var out []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			out = append(out, n)
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && slices.Contains(reaches[x.Name], n.Sel.Name) {
				out = append(out, n)
			}
		}
		return true
	})
	return out
}

// TestActorsTakeTimeAndChanceFromTheirPorts: no clock, no randomness, no goroutine in an actor.
func TestActorsTakeTimeAndChanceFromTheirPorts(t *testing.T) {
	set, all := sources(t)
	for pkg, files := range all {
		if slices.Contains(outside, pkg) || pkg == "config" {
			continue
		}
		for _, f := range files {
			for _, n := range breaches(f) {
				t.Errorf("%s: an actor must not do this itself", set.Position(n.Pos()))
			}
		}
	}
	bad, err := parser.ParseFile(set, "bad.go", `package p
import ("time"; "math/rand/v2")
func f() { go f(); _ = time.Now(); _ = rand.IntN(3) }`, 0)
	require.NoError(t, err)
	require.Len(t, breaches(bad), 3, "the rule sees what it forbids")
}
