package auth

// OracleNetrc is what parseNetrc reads.
func OracleNetrc(text string) [][3]string {
	lines := [][3]string{}
	for _, line := range parseNetrc(text) {
		lines = append(lines, [3]string{line.machine, line.login, line.password})
	}
	return lines
}
