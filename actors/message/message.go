// Package message holds what actors say to each other, one file a conversation. Every message is sent as a pointer and
// never changed afterwards, by sender or receiver.
//
// A request that is answered carries ReplyTo and a Ref, which the answer repeats, so that one actor can wait for many
// answers. Whoever waits has a time limit of its own: an answer can be lost with the actor that would have sent it. To a
// request over which its actor panics, Failed is the answer.
package message

// Ref ties an answer to its request. It means something to who asked only.
type Ref uint64

// Handled answers a request from a connection that has no other answer, so that the connection knows that it may read
// on.
type Handled struct {
	Ref Ref
}
