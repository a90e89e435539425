plugins { kotlin("jvm") version "2.0.0" }
allprojects {
    version = "1.4.0-SNAPSHOT"
}
