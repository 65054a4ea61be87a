package message_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
)

// requests are all messages that somebody waits to have answered.
var requests = []any{
	&message.Login{}, &message.Logout{}, &message.Find{}, &message.Publish{}, &message.Update{}, &message.Match{},
	&message.Commit{}, &message.Load{}, &message.Retrieve{}, &message.ShareEdit{}, &message.Download{},
	&message.Supe{}, &message.Asup{}, &message.Quer{}, &message.Aque{}, &message.FilterPart{}, &message.FilterDelta{},
	&message.OpenLink{}, &message.LinkAsked{}, &message.Ping{}, &message.Pong{}, &message.Done{},
	&message.Send{}, &message.Ask{}, &message.Fetch{},
	&message.Become{},
}

// unanswered are messages that look like requests: nobody waits for an answer, or whoever does goes on without it.
var unanswered = []string{"Flood", "CancelFind", "RetrieveGone", "UploadEnded", "CancelFetch", "ListShares"}

func TestFailed(t *testing.T) {
	asker, why := &actor.PID{Id: "asker"}, errors.New("why")
	for _, r := range requests {
		v := reflect.ValueOf(r).Elem()
		v.FieldByName("Ref").SetUint(7)
		to, _ := message.Failed(r, why)
		require.Nil(t, to, "%T: nobody waits", r)
		v.FieldByName("ReplyTo").Set(reflect.ValueOf(asker))
		to, answer := message.Failed(r, why)
		require.Same(t, asker, to, "%T", r)
		a := reflect.ValueOf(answer).Elem()
		ref := a.FieldByName("Ref")
		if !ref.IsValid() {
			ref = a.FieldByName("Token")
		}
		require.Equal(t, uint64(7), ref.Uint(), "%T", r)
		if _, handled := answer.(*message.Handled); !handled {
			require.Contains(t, fmt.Sprintf("%+v", answer), "why", "%T", r)
		}
		to, _ = message.Failed(reflect.Zero(reflect.TypeOf(r)).Interface(), why)
		require.Nil(t, to, "%T: a nil one", r)
	}
	for _, other := range []any{&message.Flood{ReplyTo: asker}, &actor.Started{}, "text", nil} {
		to, _ := message.Failed(other, why)
		require.Nil(t, to)
	}
}

// TestFailedLinkAsked: whoever asked for a link is to ask again soon, and not to take this node for one that wants none.
func TestFailedLinkAsked(t *testing.T) {
	_, answer := message.Failed(&message.LinkAsked{}, errors.New("why"))
	require.Equal(t, message.NackConflict, answer.(*message.LinkAnswered).Refused.Code)
}

// TestFailedKnowsEveryRequest: each message with a Ref and a ReplyTo is one or the other.
func TestFailedKnowsEveryRequest(t *testing.T) {
	var known []string
	for _, r := range requests {
		known = append(known, reflect.TypeOf(r).Elem().Name())
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var found []string
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok && isRequest(s) {
				found = append(found, s.Name.Name)
			}
			return true
		})
	}
	require.ElementsMatch(t, append(known, unanswered...), found)
}

func isRequest(s *ast.TypeSpec) bool {
	st, ok := s.Type.(*ast.StructType)
	if !ok {
		return false
	}
	var names []string
	for _, f := range st.Fields.List {
		for _, n := range f.Names {
			names = append(names, n.Name)
		}
	}
	return slices.Contains(names, "Ref") && slices.Contains(names, "ReplyTo")
}
