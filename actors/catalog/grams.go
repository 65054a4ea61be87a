package catalog

// A gram is three neighbors in a name, each as one of 64 classes of bytes. Letters and digits have classes of their own, as
// have the usual signs between them; what is above 127 shares the rest. So there are never more than 2^18 grams, whatever
// strangers call their files, and capitals need no second look. What classes cannot tell apart, the names themselves do.
const (
	classBits = 6
	classes   = 1 << classBits
	gramBits  = 3 * classBits
	grams     = 1 << gramBits

	// ending is the class of what stands behind a name, twice, so that each byte of it begins a gram, and texts of one and
	// two bytes can be looked for, too.
	ending = 0
)

// class is that of each byte.
var class = func() (class [256]byte) {
	next := byte(ending + 1)
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyz0123456789 .-_()',&[]") {
		class[c] = next
		next++
	}
	for c := 'A'; c <= 'Z'; c++ {
		class[c] = class[c-'A'+'a']
	}
	rest := classes - next
	for c := range class {
		if class[c] == 0 {
			class[c] = next + byte(c)%rest
		}
	}
	return class
}()

// appendGrams adds the grams of a form of a name.
func appendGrams(dst []uint32, form []byte) []uint32 {
	var gram uint32
	for i, c := range form {
		gram = (gram<<classBits | uint32(class[c])) & (grams - 1)
		if i >= 2 {
			dst = append(dst, gram)
		}
	}
	if len(form) >= 2 {
		dst = append(dst, (gram<<classBits|ending)&(grams-1))
	}
	return append(dst, (gram<<(2*classBits)|ending<<classBits|ending)&(grams-1))
}

// appendWanted adds the grams that each form has in which the text is found: those in it where it has three bytes.
func appendWanted(dst []uint32, text []byte) []uint32 {
	var gram uint32
	for i, c := range text {
		gram = (gram<<classBits | uint32(class[c])) & (grams - 1)
		if i >= 2 {
			dst = append(dst, gram)
		}
	}
	return dst
}

// beginning gives the grams that begin with a text of one or two bytes: those from the first to before the second.
func beginning(text []byte) (from, to uint32) {
	for _, c := range text {
		from = from<<classBits | uint32(class[c])
	}
	free := gramBits - classBits*len(text)
	return from << free, (from + 1) << free
}
