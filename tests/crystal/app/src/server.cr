require "./my_app"

MyApp.start MyApp.handlers
