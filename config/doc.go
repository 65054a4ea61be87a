package config

import (
	"embed"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strings"
	"sync"
)

// The source of the sections: the comment of a field is the documentation of its key, so that there is one text for
// whoever reads the code and for whoever reads the help.
//
//go:embed config.go advertise.go search.go discovery.go session.go promotion.go limits.go access.go transfer.go store.go admin.go log.go fault.go
var sources embed.FS

// docs maps "Search.TTL" to the comment of that field, on one line. It is read when somebody asks for it first.
var docs = sync.OnceValue(func() map[string]string { return FieldDocs(sources) })

// FieldDocs maps "Type.Field" to the comment of that field, on one line, of the structures in the Go files of a folder, and
// "Type" to the comment of a type that is declared alone.
func FieldDocs(sources fs.FS) map[string]string {
	out := make(map[string]string)
	names, _ := fs.Glob(sources, "*.go")
	for _, name := range names {
		src, _ := fs.ReadFile(sources, name)
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ParseComments)
		if err != nil {
			continue // it compiled, so this cannot be; a test finds a key without documentation
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GenDecl:
				if t, ok := n.Specs[0].(*ast.TypeSpec); ok {
					out[t.Name.Name] = oneLine(n.Doc)
				}
			case *ast.TypeSpec:
				readFields(out, n)
			}
			return true
		})
	}
	return out
}

func readFields(out map[string]string, t *ast.TypeSpec) {
	s, ok := t.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, f := range s.Fields.List {
		for _, name := range f.Names {
			out[t.Name.Name+"."+name.Name] = oneLine(f.Doc)
		}
	}
}

func oneLine(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
