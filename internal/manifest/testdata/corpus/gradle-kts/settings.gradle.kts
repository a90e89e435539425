pluginManagement { repositories { } }
rootProject.name = "shop"
