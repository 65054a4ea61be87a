package gateway_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// supervision is what the sources say of kinds of actors.
type supervision struct {
	made  map[string]bool // by Env.Make
	roots map[string]bool // by Env.Root
	rules map[string]int  // how many rules of supervisors there are for a kind
	live  map[string]bool // those of the node, which end it when they fail too often
	last  map[string]bool // those that are restarted, and end without harm to the node when they fail too often
}

// readSupervision looks through all sources but tests.
func readSupervision(t *testing.T) supervision {
	s := supervision{make(map[string]bool), make(map[string]bool), make(map[string]int), make(map[string]bool), make(map[string]bool)}
	for _, root := range []string{"../actors", "../gateway", "../cmd"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err == nil {
				ast.Inspect(f, s.see)
			}
			return err
		})
		require.NoError(t, err)
	}
	return s
}

func (s supervision) see(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		switch name := nameOf(n.Fun); {
		case len(n.Args) == 0:
		case name == "Make" && len(n.Args) > 1:
			s.made[text(n.Args[0])] = true
		case name == "Root":
			s.roots[text(n.Args[0])] = true
		case name == "live":
			s.live[text(n.Args[0])] = true
			s.rules[text(n.Args[0])]++
		}
	case *ast.CompositeLit:
		if nameOf(n.Type) != "Rule" {
			return true
		}
		fields := make(map[string]ast.Expr)
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				fields[nameOf(kv.Key)] = kv.Value
			}
		}
		kind, literal := fields["Kind"].(*ast.BasicLit)
		if !literal {
			return true // that of live, or none at all
		}
		s.rules[text(kind)]++
		if nameOf(fields["Action"]) == "Restart" {
			s.last[text(kind)] = true
		}
	}
	return true
}

// nameOf is the last part of an identifier.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// text is a string's value. Anything else is no kind that this can read, which no table lists.
func text(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			return s
		}
	}
	return "(not a literal)"
}

// failElsewhere are the tests of the kinds that have no supervisor.
var failElsewhere = map[string]struct{ file, test string }{
	"node":    {"supervision_budget_test.go", "TestRootActorThatFails"},
	"watcher": {"../cmd/alakazaam/compose_test.go", "TestWatcherThatFails"},
}

// keepFailing are the tests of the kinds whose restarts end without the node's end.
var keepFailing = map[string]func(*testing.T){
	"session": TestSessionThatKeepsFailing, "neighbor": TestNeighborThatKeepsFailing, "download": TestDownloadThatKeepsFailing,
}

// TestEveryKindHasItsTests: a kind of actor that is made and has no rule, or no test that has it fail, does not go
// unnoticed.
func TestEveryKindHasItsTests(t *testing.T) {
	s := readSupervision(t)
	tested, dying, once := make(map[string]bool), make(map[string]bool), make(map[string]int)
	for _, f := range failures {
		tested[f.kind] = true
	}
	for _, f := range mustLive {
		dying[f.kind] = true
	}
	for kind := range s.made {
		once[kind] = 1
	}
	require.Equal(t, s.made, tested, "every kind fails in the middle of work, in failures")
	require.Equal(t, once, s.rules, "every kind has one rule")
	require.Equal(t, s.live, dying, "every kind that must live has its line in mustLive")
	require.Equal(t, slices.Sorted(maps.Keys(s.last)), slices.Sorted(maps.Keys(keepFailing)))
	require.Equal(t, slices.Sorted(maps.Keys(s.roots)), slices.Sorted(maps.Keys(failElsewhere)))
	for kind, at := range failElsewhere {
		source, err := os.ReadFile(at.file)
		require.NoError(t, err)
		require.Contains(t, string(source), "\nfunc "+at.test+"(", kind)
	}
}

// TestTheSceneHasEveryKind: what runs in the scene is what fails in failures.
func TestTheSceneHasEveryKind(t *testing.T) {
	s := newScene(t, "")
	s.begin()
	running := s.super.kinds()
	maps.Copy(running, s.peer.kinds())
	tested := map[string]bool{"node": true}
	for _, f := range failures {
		tested[f.kind] = true
	}
	require.Equal(t, slices.Sorted(maps.Keys(tested)), slices.Sorted(maps.Keys(running)))
}
