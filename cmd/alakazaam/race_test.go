//go:build race

package main_test

// raceEnabled says whether the tests look for races; the program that they start does as they do.
const raceEnabled = true
