# Sourced: JGit as a program, from Maven Central, below the folder $work. Takes java 17 or later, and maven.
jgit_version=7.8.1.202611041320-r

cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>findings</groupId><artifactId>jgit</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.eclipse.jgit</groupId><artifactId>org.eclipse.jgit</artifactId><version>$jgit_version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.17</version></dependency>
  </dependencies>
</project>
POM
mvn -B -q -Dmaven.repo.local="$work/maven" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
  -f "$work/pom.xml" -DoutputDirectory="$work/jars" >&2
javac -cp "$work/jars/*" -d "$work/classes" "$(dirname "${BASH_SOURCE[0]}")/JGitUploadPack.java"
echo "JGit $jgit_version"

# As `git upload-pack --stateless-rpc`; with --advertise before the repository, as with --http-backend-info-refs.
jgit_upload_pack() { HOME=$work XDG_CONFIG_HOME=$work java -cp "$work/jars/*:$work/classes" JGitUploadPack "$@"; }
