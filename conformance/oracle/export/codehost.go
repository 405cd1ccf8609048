package codehost

import "context"

// OracleSums are the sums of a git repository with these references.
func OracleSums(prefix string, refs map[string]string) (tags, all string) {
	repo := &gitRepo{refs: refs}
	repo.refsOnce.Do(func() {})
	found, err := repo.Tags(context.Background(), prefix)
	if err != nil {
		return err.Error(), ""
	}
	return found.Origin.TagSum, repo.repoSum(refs)
}
