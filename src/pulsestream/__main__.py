from pulsestream.cli import main

main()
